mod generation;
mod jwk;
mod jwk_set;
mod key;
mod pss;
mod public_jwk;
mod roca;
