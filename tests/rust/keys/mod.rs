mod generation;
mod jwk;
mod jwk_set;
mod key;
mod public_jwk;
mod roca;
