//! Tokens that the issuers of random meshes could have signed: HS256, since a shared secret needs no pair of keys.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// The one secret of all issuers.
const SECRET: &[u8] = b"conformance, and no secret at all";
/// How many bytes SHA-256 takes at a time.
const BLOCK: usize = 64;

/// Returns the keys of every issuer, as `jwks` of a RequestAuthentication has them.
pub fn jwks() -> String {
    json!({"keys": [{"kty": "oct", "alg": "HS256", "k": base64url(SECRET)}]}).to_string()
}

/// Returns claims with a signature (RFC 7515).
pub fn signed(claims: &Map<String, Value>) -> String {
    let part = |value: Value| base64url(value.to_string().as_bytes());
    let content = format!("{}.{}", part(json!({"alg": "HS256"})), part(claims.clone().into()));
    format!("{content}.{}", base64url(&hmac(content.as_bytes())))
}

/// RFC 2104, with a key that is shorter than a block.
fn hmac(text: &[u8]) -> Vec<u8> {
    let padded = |with: u8| {
        let mut key = [with; BLOCK];
        key.iter_mut().zip(SECRET).for_each(|(byte, secret)| *byte ^= secret);
        key
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

/// RFC 4648, section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let bits = chunk.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        (0..=chunk.len()).map(move |digit| DIGITS[(bits >> (18 - 6 * digit) & 63) as usize] as char)
    });
    digits.collect()
}
