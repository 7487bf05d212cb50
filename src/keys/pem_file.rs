//! PEM files: which block of a file is the key (RFC 7468, and the older labels of OpenSSL).

use zeroize::Zeroizing;

use crate::error::Error;

/// The content of a PEM block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// `PRIVATE KEY` (RFC 5958).
    Pkcs8,
    /// `RSA PRIVATE KEY` (RFC 8017).
    RsaPrivate,
    /// `EC PRIVATE KEY` (RFC 5915).
    EcPrivate,
    /// `PUBLIC KEY` (RFC 5280).
    PublicKeyInfo,
    /// `RSA PUBLIC KEY` (RFC 8017).
    RsaPublic,
    /// `CERTIFICATE` (RFC 5280).
    Certificate,
    /// `ENCRYPTED PRIVATE KEY`, or OpenSSL's `Proc-Type` header.
    Encrypted,
}

impl Label {
    fn of(block: &pem::Pem) -> Option<Self> {
        if block
            .headers()
            .get("Proc-Type")
            .is_some_and(|value| value.ends_with("ENCRYPTED"))
        {
            return Some(Self::Encrypted);
        }
        match block.tag() {
            "PRIVATE KEY" => Some(Self::Pkcs8),
            "RSA PRIVATE KEY" => Some(Self::RsaPrivate),
            "EC PRIVATE KEY" => Some(Self::EcPrivate),
            "PUBLIC KEY" => Some(Self::PublicKeyInfo),
            "RSA PUBLIC KEY" => Some(Self::RsaPublic),
            "CERTIFICATE" => Some(Self::Certificate),
            "ENCRYPTED PRIVATE KEY" => Some(Self::Encrypted),
            _ => None,
        }
    }

    fn is_public(self) -> bool {
        matches!(
            self,
            Self::PublicKeyInfo | Self::RsaPublic | Self::Certificate
        )
    }
}

/// The DER of one key. The memory is wiped when it is dropped.
pub(crate) struct Block {
    pub(crate) label: Label,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

impl Block {
    fn of(block: pem::Pem) -> Option<Self> {
        let label = Label::of(&block)?;
        Some(Self {
            label,
            der: Zeroizing::new(block.into_contents()),
        })
    }
}

/// The first private key of a PEM file.
pub(crate) fn private_key(text: &[u8]) -> Result<Block, Error> {
    let block = choose(text, |label| !label.is_public())?;
    match block.label {
        Label::Encrypted => Err(Error::KeyEncrypted),
        label if label.is_public() => Err(Error::KeyPublic),
        _ => Ok(block),
    }
}

/// The first public key or certificate of a PEM file.
pub(crate) fn public_key(text: &[u8]) -> Result<Block, Error> {
    let block = choose(text, Label::is_public)?;
    match block.label {
        Label::Encrypted => Err(Error::KeyEncrypted),
        label if label.is_public() => Ok(block),
        _ => Err(Error::KeyPrivate),
    }
}

/// Chooses the first block that is `wanted`, or else the first key. Blocks of other kinds, such as `EC PARAMETERS`,
/// are skipped.
fn choose(text: &[u8], wanted: impl Fn(Label) -> bool) -> Result<Block, Error> {
    let file = pem::parse_many(text).map_err(|_| Error::KeyMalformed("broken PEM"))?;
    // Every PEM block is converted before one is chosen, so that the others are wiped too.
    let mut blocks: Vec<Block> = file.into_iter().filter_map(Block::of).collect();
    let place = blocks
        .iter()
        .position(|block| wanted(block.label))
        .unwrap_or(0);
    if blocks.is_empty() {
        return Err(Error::KeyMalformed("the PEM file has no key"));
    }
    Ok(blocks.swap_remove(place))
}
