//! From bytes to text: UTF-8 with or without a byte order mark, and UTF-16 with one.

use super::fault::Fault;

/// A text, and whether its bytes were UTF-16.
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) is_utf_16: bool,
}

/// Decodes a file as readers of YAML do, which know its encoding by the byte order mark (YAML 1.2, 5.2).
pub(super) fn text(bytes: Vec<u8>) -> Result<Decoded, Fault> {
    let decoded = match bytes.as_slice() {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Err(Fault::Binary),
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes)?,
        _ => utf_8(bytes)?,
    };
    // No text has a NUL: it is not printable to YAML either.
    if decoded.text.as_bytes().contains(&0) { Err(Fault::Binary) } else { Ok(decoded) }
}

fn utf_8(bytes: Vec<u8>) -> Result<Decoded, Fault> {
    let mut text = String::from_utf8(bytes)
        .map_err(|error| if error.as_bytes().contains(&0) { Fault::Binary } else { Fault::NotUtf8 })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(Decoded { text, is_utf_16: false })
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Decoded, Fault> {
    let pairs = bytes.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(Fault::Binary);
    }
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    Ok(Decoded { text: text.map_err(|_| Fault::Binary)?, is_utf_16: true })
}
