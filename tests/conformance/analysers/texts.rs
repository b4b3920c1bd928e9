//! Sets of texts as network-config-analyzer writes them: `(/a|/b*)-((/a|/b*)&(/bad))`, `all but /a, /b`.

/// A set of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Texts {
    /// What a `*` stands for is any text.
    Glob(String),
    Or(Box<Texts>, Box<Texts>),
    And(Box<Texts>, Box<Texts>),
    Without(Box<Texts>, Box<Texts>),
}

impl Texts {
    /// Reads a set; none where there is anything that is not understood.
    pub fn read(text: &str) -> Option<Self> {
        if let Some(excepted) = text.strip_prefix("all but ") {
            let all = Self::Glob("*".to_owned());
            // Nothing is excepted by an expression that came to nothing.
            return Some(match excepted {
                "" => all,
                _ => Self::Without(Box::new(all), Box::new(Self::read(excepted)?)),
            });
        }
        if let Some((one, others)) = text.split_once(", ") {
            return Some(Self::Or(Box::new(Self::read(one)?), Box::new(Self::read(others)?)));
        }
        // A dot is written as a class of one character.
        let (texts, rest) = Self::set(&text.replace("[.]", "."))?;
        rest.is_empty().then_some(texts)
    }

    /// Returns whether a text is in it.
    pub fn have(&self, text: &str) -> bool {
        match self {
            Self::Glob(glob) => is_match(glob, text),
            Self::Or(one, other) => one.have(text) || other.have(text),
            Self::And(one, other) => one.have(text) && other.have(text),
            Self::Without(one, other) => one.have(text) && !other.have(text),
        }
    }

    /// The longest set at the beginning, and what follows.
    fn set(text: &str) -> Option<(Self, String)> {
        let (mut set, mut rest) = Self::part(text)?;
        loop {
            let join = match rest.chars().next() {
                Some('|') => Self::Or,
                Some('&') => Self::And,
                Some('-') => Self::Without,
                _ => return Some((set, rest)),
            };
            let (part, after) = Self::part(&rest[1..])?;
            set = join(Box::new(set), Box::new(part));
            rest = after;
        }
    }

    fn part(text: &str) -> Option<(Self, String)> {
        if let Some(inner) = text.strip_prefix('(') {
            let (set, rest) = Self::set(inner)?;
            return Some((set, rest.strip_prefix(')')?.to_owned()));
        }
        let end = text.find(['(', ')', '|', '&', '-']).unwrap_or(text.len());
        let glob = &text[..end];
        let is_plain = |char: char| char.is_ascii_alphanumeric() || "/.*".contains(char);
        (!glob.is_empty() && glob.chars().all(is_plain))
            .then(|| (Self::Glob(glob.to_owned()), text[end..].to_owned()))
    }
}

fn is_match(glob: &str, text: &str) -> bool {
    match glob.split_once('*') {
        None => glob == text,
        Some((head, rest)) => {
            text.strip_prefix(head).is_some_and(|text| (0..=text.len()).any(|at| is_match(rest, &text[at..])))
        }
    }
}

#[test]
fn sets_are_read_as_they_are_written() {
    let have = |set: &str, text: &str| Texts::read(set).unwrap_or_else(|| panic!("{set}")).have(text);
    assert!(have("(/a|/b*|*/c)-(/bad)", "/bc") && have("(/a|/b*|*/c)-(/bad)", "/x/c"));
    assert!(!have("(/a|/b*|*/c)-(/bad)", "/bad") && !have("(/a|/b*|*/c)-(/bad)", "/x"));
    assert!(have("(/b*)-((/a|/b*)&(/bx|/by))", "/b") && !have("(/b*)-((/a|/b*)&(/bx|/by))", "/by"));
    assert!(have("a[.]b|*[.]c", "x.c") && !have("a[.]b|*[.]c", "axb"));
    assert!(have("all but /a, /b", "/c") && !have("all but /a, /b", "/b"));
    assert!(have("all but ", "/c"));
    assert_eq!(Texts::read("(/a"), None);
    assert_eq!(Texts::read("/[ab]"), None);
}
