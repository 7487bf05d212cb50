//! The rules for registered claims (RFC 7519 section 4.1). This module reads no clock: `now` is an argument.

use crate::clock::MAX_CLOCK_SKEW;
use crate::error::Error;
use crate::token::json::{Members, RawValue};

/// The registered claims, which the JSON reader keeps while it reads a payload. The usual ones are first, because their
/// names are compared in this order.
pub const REGISTERED: &[&str] = &[EXP.0, IAT.0, JTI.0, ISS.0, AUD.0, SUB.0, NBF.0];

/// The name of a claim, and its place in [`REGISTERED`].
type Claim = (&'static str, usize);

const EXP: Claim = ("exp", 0);
const IAT: Claim = ("iat", 1);
const JTI: Claim = ("jti", 2);
const ISS: Claim = ("iss", 3);
const AUD: Claim = ("aud", 4);
const SUB: Claim = ("sub", 5);
const NBF: Claim = ("nbf", 6);

/// From 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, in seconds since 1970: the range of Python's datetime.
const DATETIME_RANGE: std::ops::RangeInclusive<f64> = -62_135_596_800.0..=253_402_300_799.0;

/// A leeway in seconds that is longer than the whole range of datetimes.
const ANY_TIME: f64 = 1e12;
/// The most characters that a `jti` may have, because database columns hold 255.
const MAX_ID_LENGTH: usize = 255;

/// The settings that claims are compared with.
#[derive(Clone, Debug)]
pub struct ClaimPolicy {
    leeway: f64,
    audience: Option<Vec<String>>,
    issuer: Option<Vec<String>>,
    integer_subject: bool,
}

impl ClaimPolicy {
    /// `leeway` is in seconds. A token's `aud` must have a member that is in `audience`, and its `iss` must be one of
    /// `issuer`; `None` skips the check. With `integer_subject`, `sub` may also be an integer.
    ///
    /// # Errors
    /// [`Error::PolicyInvalid`] if the leeway is negative or not finite.
    pub fn new(
        leeway: f64,
        audience: Option<Vec<String>>,
        issuer: Option<Vec<String>>,
        integer_subject: bool,
    ) -> Result<Self, Error> {
        if !leeway.is_finite() || leeway < 0.0 {
            return Err(Error::PolicyInvalid(
                "the leeway must be zero or more seconds",
            ));
        }
        Ok(Self {
            leeway,
            audience,
            issuer,
            integer_subject,
        })
    }

    /// The same rules with another audience and another issuer; `None` keeps this policy's own.
    pub(crate) fn accepting(
        &self,
        audience: Option<Vec<String>>,
        issuer: Option<Vec<String>>,
    ) -> Self {
        Self {
            audience: audience.or_else(|| self.audience.clone()),
            issuer: issuer.or_else(|| self.issuer.clone()),
            ..*self
        }
    }

    /// The same rules for types only: any time, issuer and audience is accepted.
    pub(crate) fn at_any_time(&self) -> Self {
        Self {
            leeway: ANY_TIME,
            audience: None,
            issuer: None,
            integer_subject: self.integer_subject,
        }
    }

    /// Checks the claims at `now`, in seconds since 1970: first the types of all claims, then `iat`, `nbf`, `exp`,
    /// `iss` and `aud`.
    ///
    /// # Errors
    /// The error of the first rule that the claims break.
    pub fn check(&self, claims: &Members<'_>, now: f64) -> Result<(), Error> {
        check_now(now)?;
        let times = check_types(claims, self.integer_subject)?;
        self.check_times(&times, now)?;
        self.check_issuer(claims)?;
        self.check_audience(claims)
    }

    fn check_times(&self, times: &Times, now: f64) -> Result<(), Error> {
        let latest = now + self.leeway;
        if times
            .issued_at
            .is_some_and(|iat| iat > latest + MAX_CLOCK_SKEW as f64)
        {
            return Err(Error::IssuedInFuture);
        }
        if times.not_before.is_some_and(|nbf| nbf > latest) {
            return Err(Error::NotYetValid);
        }
        if times.expiry.is_some_and(|exp| exp <= now - self.leeway) {
            return Err(Error::Expired);
        }
        Ok(())
    }

    fn check_issuer(&self, claims: &Members<'_>) -> Result<(), Error> {
        let Some(allowed) = &self.issuer else {
            return Ok(());
        };
        let issuer = claims.at(ISS.1).ok_or(Error::ClaimMissing("iss"))?;
        let issuer = issuer.as_string().ok_or(Error::ClaimInvalid("iss"))?;
        if allowed.iter().any(|name| *name == issuer) {
            Ok(())
        } else {
            Err(Error::IssuerMismatch)
        }
    }

    fn check_audience(&self, claims: &Members<'_>) -> Result<(), Error> {
        let Some(accepted) = &self.audience else {
            return Ok(());
        };
        let audience = claims.at(AUD.1).ok_or(Error::ClaimMissing("aud"))?;
        let is_accepted = |name: &str| accepted.iter().any(|other| other == name);
        let mut fits = false;
        match audience.as_string() {
            Some(name) => fits = is_accepted(&name),
            None => (audience.each_string(|name| fits |= is_accepted(name)))
                .ok_or(Error::ClaimInvalid("aud"))?,
        }
        if fits {
            Ok(())
        } else {
            Err(Error::AudienceMismatch)
        }
    }
}

/// The three times of a token, in seconds since 1970.
struct Times {
    issued_at: Option<f64>,
    not_before: Option<f64>,
    expiry: Option<f64>,
}

/// Checks that a time can be compared.
///
/// # Errors
/// [`Error::PolicyInvalid`] if it is not finite.
pub(crate) fn check_now(now: f64) -> Result<(), Error> {
    if now.is_finite() {
        Ok(())
    } else {
        Err(Error::PolicyInvalid("now must be finite"))
    }
}

/// Checks the types and time ranges of the registered claims in a payload that will be signed, and returns its `exp`.
/// An integer `sub` is accepted here; the verifier's policy decides about it.
///
/// # Errors
/// [`Error::ClaimInvalid`], which holds the claim's name.
pub fn check_writable(claims: &Members<'_>) -> Result<Option<f64>, Error> {
    check_types(claims, true).map(|times| times.expiry)
}

fn check_types(claims: &Members<'_>, integer_subject: bool) -> Result<Times, Error> {
    let times = Times {
        issued_at: time(claims, IAT)?,
        not_before: time(claims, NBF)?,
        expiry: time(claims, EXP)?,
    };
    check_type(claims, ISS, RawValue::is_string)?;
    check_type(claims, JTI, |value| {
        value.as_string().is_some_and(|id| is_id(&id))
    })?;
    check_type(claims, SUB, |value| {
        value.is_string() || (integer_subject && value.is_integer())
    })?;
    check_type(claims, AUD, |value| {
        value.is_string() || value.each_string(|_| ()).is_some()
    })?;
    Ok(times)
}

/// Whether an id is a non-empty text without control characters, so that logs, tables and cache keys can hold it.
pub(crate) fn is_id(id: &str) -> bool {
    // Most ids are short, printable ASCII, which needs no decoding of characters.
    let short = id.len() <= MAX_ID_LENGTH || id.chars().count() <= MAX_ID_LENGTH;
    // Without a branch in the loop, the compiler uses vector instructions.
    let plain = id
        .bytes()
        .fold(true, |plain, byte| plain & (b' '..=b'~').contains(&byte));
    !id.is_empty() && short && (plain || !id.chars().any(char::is_control))
}

fn time(claims: &Members<'_>, (name, place): Claim) -> Result<Option<f64>, Error> {
    let Some(value) = claims.at(place) else {
        return Ok(None);
    };
    match value.as_number() {
        Some(seconds) if DATETIME_RANGE.contains(&seconds) => Ok(Some(seconds)),
        _ => Err(Error::ClaimInvalid(name)),
    }
}

fn check_type<'j>(
    claims: &Members<'j>,
    (name, place): Claim,
    fits: impl Fn(RawValue<'j>) -> bool,
) -> Result<(), Error> {
    match claims.at(place) {
        Some(value) if !fits(value) => Err(Error::ClaimInvalid(name)),
        _ => Ok(()),
    }
}
