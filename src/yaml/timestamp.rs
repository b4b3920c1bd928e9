//! Plain scalars that go.yaml.in/yaml/v3 takes for a point in time, and what kustomize makes of them.

/// Returns what kustomize writes for a plain scalar that is a timestamp (`parseTimestamp` in `resolve.go`, then Go's
/// JSON): `2024-01-01` becomes `2024-01-01T00:00:00Z`.
pub(super) fn as_written_by_go(text: &str) -> Option<String> {
    let is_dated = text.len() > 4 && text.as_bytes()[4] == b'-';
    if !is_dated {
        return None;
    }
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some((text.as_bytes()[at], &text[at + 1..]))),
        None => (text, None),
    };
    let date = self::date(date)?;
    let Some((separator, time)) = time else { return Some(format!("{date}T00:00:00Z")) };
    let (clock, zone) =
        if separator == b' ' { (time, "Z") } else { time.split_at(time.find(['Z', '+', '-'])?) };
    Some(format!("{date}T{}{}", self::clock(clock)?, self::zone(zone)?))
}

/// `2006-1-2`: four digits, then one or two each.
fn date(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, number(parts.next()?)?, number(parts.next()?)?);
    let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = is_year && parts.next().is_none() && (1..=12).contains(&month);
    let leap = |year: u32| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap(year.parse().ok()?) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (is_date && (1..=days).contains(&day)).then(|| format!("{year}-{month:02}-{day:02}"))
}

/// `15:4:5.999999999`: Go takes a fraction of any length here, and writes nine digits at most.
fn clock(text: &str) -> Option<String> {
    let (whole, fraction) = match text.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut parts = whole.split(':');
    let (hour, minute, second) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = match fraction {
        None => String::new(),
        Some(digits) if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            return None;
        }
        Some(digits) => match digits[..digits.len().min(9)].trim_end_matches('0') {
            "" => String::new(),
            digits => format!(".{digits}"),
        },
    };
    Some(format!("{hour:02}:{minute:02}:{second:02}{fraction}"))
}

/// `Z07:00`.
fn zone(text: &str) -> Option<String> {
    if text == "Z" {
        return Some(text.to_owned());
    }
    let (hours, minutes) = text.strip_prefix(['+', '-'])?.split_once(':')?;
    let is_zone = hours.len() == 2 && minutes.len() == 2 && number(hours)? < 24 && number(minutes)? < 60;
    match (is_zone, &text[1..]) {
        (true, "00:00") => Some("Z".to_owned()),
        (true, _) => Some(text.to_owned()),
        (false, _) => None,
    }
}

/// One or two digits.
fn number(text: &str) -> Option<u32> {
    let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What kustomize 5.8.2 wrote for each.
    #[test]
    fn timestamps_are_written_as_kustomize_does() {
        let cases = [
            ("2024-01-01", Some("2024-01-01T00:00:00Z")),
            ("2024-1-2", Some("2024-01-02T00:00:00Z")),
            ("2024-01-01T10:00:00Z", Some("2024-01-01T10:00:00Z")),
            ("2024-01-01t1:2:3Z", Some("2024-01-01T01:02:03Z")),
            ("2024-01-01t10:2:3.50Z", Some("2024-01-01T10:02:03.5Z")),
            ("2024-01-01 10:00:00", Some("2024-01-01T10:00:00Z")),
            ("2024-01-01T10:00:00+02:00", Some("2024-01-01T10:00:00+02:00")),
            ("2024-01-01T10:00:00+00:00", Some("2024-01-01T10:00:00Z")),
            ("2024-01-01T10:00:00-00:00", Some("2024-01-01T10:00:00Z")),
            ("2024-01-01T10:00:00.1234567891Z", Some("2024-01-01T10:00:00.123456789Z")),
            ("2024-01-01T10:00:00,5Z", Some("2024-01-01T10:00:00.5Z")),
            ("2024-01-01T10:00:60Z", None),
            ("2024-01-01T24:00:00Z", None),
            ("2024-01-01T10:00:00Z07:00", None),
            ("2024-02-30", None),
            ("2024-13-01", None),
            ("2024-01", None),
            ("20240-1-1", None),
            ("2024-01-01 10:00", None),
            ("2024-01-01T10:00:00", None),
            ("2024-01-01x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(as_written_by_go(text).as_deref(), expected, "{text}");
        }
    }
}
