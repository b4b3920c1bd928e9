//! The regular expressions that Istio makes of names: RE2's, as far as names make them.
//!
//! Releases that do not quote a name let `.`, `*`, `+` and `?` of it be operators (semantics 3.6). Other operators that a
//! name could not hold are read as characters.

/// A character, or any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum One {
    This(u8),
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    Once,
    AtMostOnce,
    AtLeastOnce,
    AnyNumber,
}

/// An expression that has to match a whole text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Regex(Vec<(One, Times)>);

impl Regex {
    /// Adds characters that stand for themselves.
    pub(super) fn literal(mut self, text: &str) -> Self {
        self.0.extend(text.bytes().map(|byte| (One::This(byte), Times::Once)));
        self
    }

    /// Adds `.*`.
    pub(super) fn anything(mut self) -> Self {
        self.0.push((One::Any, Times::AnyNumber));
        self
    }

    /// Adds `.+`.
    #[cfg(test)]
    pub(super) fn something(mut self) -> Self {
        self.0.push((One::Any, Times::AtLeastOnce));
        self
    }

    /// Adds a text that nobody quoted.
    pub(super) fn unquoted(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            let times = match byte {
                b'*' => Some(Times::AnyNumber),
                b'+' => Some(Times::AtLeastOnce),
                b'?' => Some(Times::AtMostOnce),
                _ => None,
            };
            if let (Some(times), Some(last)) = (times, self.0.last_mut()) {
                last.1 = combined(last.1, times);
            } else {
                let one = if byte == b'.' { One::Any } else { One::This(byte) };
                self.0.push((one, Times::Once));
            }
        }
        self
    }

    /// Tells whether the expression matches a whole text.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut places = vec![false; self.0.len() + 1];
        places[0] = true;
        self.pass(&mut places);
        for byte in text.bytes() {
            let mut next = vec![false; self.0.len() + 1];
            for (at, (one, times)) in self.0.iter().enumerate().filter(|(at, _)| places[*at]) {
                if *one == One::Any || *one == One::This(byte) {
                    next[at + 1] = true;
                    // Staying means that more of the same may come; what may be absent passes on anyway.
                    next[at] |= matches!(times, Times::AtLeastOnce | Times::AnyNumber);
                }
            }
            self.pass(&mut next);
            places = next;
        }
        places[self.0.len()]
    }

    /// Passes on over what may be absent.
    fn pass(&self, places: &mut [bool]) {
        for (at, (_, times)) in self.0.iter().enumerate() {
            if places[at] && matches!(times, Times::AtMostOnce | Times::AnyNumber) {
                places[at + 1] = true;
            }
        }
    }
}

/// `a**` is `a*`, `a+?` asks for as little as possible of the same, and `a*?` likewise.
fn combined(first: Times, second: Times) -> Times {
    match (first, second) {
        (Times::Once, second) => second,
        (first, Times::AtMostOnce) => first,
        (Times::AtLeastOnce, Times::AtLeastOnce) => Times::AtLeastOnce,
        (_, _) => Times::AnyNumber,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_text_has_to_match() {
        let namespaces =
            |value: &str| Regex::default().anything().literal("/ns/").unquoted(value).literal("/").anything();
        let id = "spiffe://cluster.local/ns/shop/sa/web";
        assert!(namespaces("shop").matches(id));
        assert!(!namespaces("sho").matches(id));
        assert!(namespaces("sh.p").matches(id));
        assert!(namespaces("sho*p").matches(id), "an `o` any number of times");
        assert!(namespaces(".*").matches(id));
        assert!(!namespaces("shopx+").matches(id));
        assert!(namespaces("shopx?").matches(id));
        assert!(!Regex::default().something().matches(""));
        assert!(Regex::default().anything().matches(""));
    }
}
