//! The values of an attribute, parted by what policies compare it with.

use std::collections::BTreeSet;

use super::{
    AddressSet,
    attribute::{Attribute, Request, Values},
    bits::Bits,
    text::{Pattern, Vocabulary},
};
use crate::manifest::mesh_config::Normalization;

/// The atoms of an attribute: values that no policy at hand tells apart.
#[derive(Debug)]
pub(super) enum Domain {
    /// A string; the first atom is its absence, if it may be absent.
    Text { vocabulary: Vocabulary, may_be_absent: bool },
    /// A list of strings, of which one has to match: an atom is which of the conditions do. The first is that none does,
    /// as where it is absent.
    List { conditions: Vec<Vec<Pattern>>, atoms: Vec<(Bits, Vec<String>)> },
    /// A token's issuer and subject: absent, or the place of an issuer times that of a subject.
    Principal { issuers: Vec<String>, subjects: Vocabulary },
    /// An address: disjoint sets.
    Address(Vec<AddressSet>),
    /// Yes or no.
    Claim,
}

/// An atom as a value to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Example {
    /// It is not there.
    Absent,
    /// A string.
    Text(String),
    /// A list of strings.
    List(Vec<String>),
    /// An issuer and a subject.
    Principal(String, String),
    /// An address.
    Address(std::net::IpAddr),
}

impl Domain {
    /// Parts an attribute by every list of values that it is compared with.
    pub(super) fn new(
        attribute: &Attribute,
        compared: &[&Values],
        issuers: &[String],
        normalization: Normalization,
    ) -> Self {
        match attribute {
            Attribute::RemoteAddress | Attribute::SourceAddress | Attribute::DestinationAddress => {
                Self::Address(AddressSet::all().cut(compared.iter().filter_map(|values| values.addresses())))
            }
            Attribute::Audience | Attribute::Presenter | Attribute::Claim(_) => Self::list(compared),
            Attribute::RequestPrincipal => {
                let pairs = compared.iter().flat_map(|values| values.principals());
                let subjects =
                    Vocabulary::new(attribute.language(normalization), pairs.map(|(_, sub)| sub.clone()));
                Self::Principal { issuers: issuers.to_vec(), subjects }
            }
            Attribute::Refusal(_) => Self::Claim,
            Attribute::Host | Attribute::Method | Attribute::Path | Attribute::Header(_) => {
                Self::text(attribute, compared, normalization)
            }
            Attribute::ServerName | Attribute::SoleAudience | Attribute::Metadata(_) => {
                Self::text(attribute, compared, normalization)
            }
        }
    }

    fn text(attribute: &Attribute, compared: &[&Values], normalization: Normalization) -> Self {
        let patterns = compared.iter().flat_map(|values| values.patterns()).cloned();
        let vocabulary = Vocabulary::new(attribute.language(normalization), patterns);
        Self::Text { vocabulary, may_be_absent: attribute.may_be_absent() }
    }

    /// A list can hold any strings at once, so that its atoms are all unions of what single strings match.
    fn list(compared: &[&Values]) -> Self {
        let conditions: BTreeSet<Vec<Pattern>> =
            compared.iter().map(|values| values.patterns().to_vec()).collect();
        let conditions: Vec<Vec<Pattern>> = conditions.into_iter().collect();
        let vocabulary = Vocabulary::new(super::text::Language::Text, conditions.iter().flatten().cloned());
        let mut atoms = vec![(Bits::none(conditions.len()), Vec::new())];
        for string in 0..vocabulary.len() {
            let example = vocabulary.example(string);
            let matching: Bits =
                (0..).zip(&conditions).map(|(index, patterns)| (index, is_any(patterns, example))).collect();
            for index in 0..atoms.len() {
                let (before, strings) = &atoms[index];
                let (after, strings) = (before.or(&matching), [&strings[..], &[example.to_owned()]].concat());
                if atoms.iter().all(|(known, _)| *known != after) {
                    atoms.push((after, strings));
                }
            }
        }
        Self::List { conditions, atoms }
    }

    /// Returns how many atoms there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text { vocabulary, may_be_absent } => vocabulary.len() + usize::from(*may_be_absent),
            Self::List { atoms, .. } => atoms.len(),
            Self::Principal { issuers, subjects } => 1 + issuers.len() * subjects.len(),
            Self::Address(parts) => parts.len(),
            Self::Claim => 2,
        }
    }

    /// Returns the atoms of which one of some values holds; the values have to be among those that part the domain.
    pub(super) fn atoms(&self, values: &Values) -> Bits {
        let mut atoms = Bits::none(self.len());
        match self {
            Self::Text { vocabulary, may_be_absent } => {
                let holding = values
                    .patterns()
                    .iter()
                    .flat_map(|pattern| vocabulary.atoms_of(pattern).iter().collect::<Vec<_>>());
                holding.for_each(|atom| atoms.add(atom + usize::from(*may_be_absent)));
            }
            Self::List { conditions, atoms: points } => {
                let place = conditions.binary_search_by(|known| known.as_slice().cmp(values.patterns()));
                let place = place.expect("the domain is of its conditions");
                let holding = points.iter().enumerate().filter(|(_, (matching, _))| matching.contains(place));
                holding.for_each(|(atom, _)| atoms.add(atom));
            }
            Self::Principal { issuers, subjects } => {
                for (issuer, subject) in values.principals() {
                    let meant = issuers.iter().enumerate().filter(|(_, name)| issuer.matches(name));
                    for (place, _) in meant {
                        subjects
                            .atoms_of(subject)
                            .iter()
                            .for_each(|atom| atoms.add(1 + place * subjects.len() + atom));
                    }
                }
            }
            Self::Address(parts) => {
                let meant = values.addresses().cloned().unwrap_or_default();
                let holding = parts.iter().enumerate().filter(|(_, part)| part.difference(&meant).is_empty());
                holding.for_each(|(atom, _)| atoms.add(atom));
            }
            Self::Claim => atoms.add(1),
        }
        atoms
    }

    /// Returns the atom of a request; none where manifests and request do not tell, or there is no such request.
    pub(super) fn atom(
        &self,
        attribute: &Attribute,
        request: &Request,
        normalization: Normalization,
    ) -> Option<usize> {
        match self {
            Self::Text { vocabulary, may_be_absent } => {
                match request.texts(attribute, normalization)?.first() {
                    Some(text) => vocabulary.atom(text).map(|atom| atom + usize::from(*may_be_absent)),
                    None => may_be_absent.then_some(0),
                }
            }
            Self::List { conditions, atoms } => {
                let strings = request.texts(attribute, normalization)?;
                let holds = |patterns: &Vec<Pattern>| strings.iter().any(|string| is_any(patterns, string));
                let matching: Bits =
                    (0..).zip(conditions).map(|(index, patterns)| (index, holds(patterns))).collect();
                atoms.iter().position(|(known, _)| *known == matching)
            }
            Self::Principal { issuers, subjects } => {
                let claim = |key: &str| request.token.as_ref().and_then(|token| token.get(key)?.as_str());
                let (Some(issuer), Some(subject)) = (claim("iss"), claim("sub")) else { return Some(0) };
                let issuer = issuers.iter().position(|known| known == issuer)?;
                Some(1 + issuer * subjects.len() + subjects.atom(subject)?)
            }
            Self::Address(parts) => {
                let address = request.address(attribute)?;
                parts.iter().position(|part| part.contains(address))
            }
            Self::Claim => None,
        }
    }

    /// Returns a value of an atom.
    pub(super) fn example(&self, atom: usize) -> Example {
        match self {
            Self::Text { may_be_absent: true, .. } if atom == 0 => Example::Absent,
            Self::Text { vocabulary, may_be_absent } => {
                Example::Text(vocabulary.example(atom - usize::from(*may_be_absent)).to_owned())
            }
            Self::List { atoms, .. } => match &atoms[atom].1 {
                strings if strings.is_empty() => Example::Absent,
                strings => Example::List(strings.clone()),
            },
            Self::Principal { .. } if atom == 0 => Example::Absent,
            Self::Principal { issuers, subjects } => {
                let (issuer, subject) = ((atom - 1) / subjects.len(), (atom - 1) % subjects.len());
                Example::Principal(issuers[issuer].clone(), subjects.example(subject).to_owned())
            }
            Self::Address(parts) => Example::Address(parts[atom].example().expect("no part is empty")),
            Self::Claim => Example::Absent,
        }
    }

    /// Tells whether an atom means that a request comes without a token.
    pub(super) fn is_without_token(&self, atom: usize) -> bool {
        match self {
            Self::List { atoms, .. } => atoms[atom].1.is_empty(),
            Self::Principal { .. } => atom == 0,
            Self::Text { .. } | Self::Address(_) | Self::Claim => true,
        }
    }
}

fn is_any(patterns: &[Pattern], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(text))
}

impl Values {
    fn patterns(&self) -> &[Pattern] {
        match self {
            Self::Texts(patterns) => patterns,
            Self::Principals(_) | Self::Addresses(_) => &[],
        }
    }

    fn principals(&self) -> &[(Pattern, Pattern)] {
        match self {
            Self::Principals(principals) => principals,
            Self::Texts(_) | Self::Addresses(_) => &[],
        }
    }

    fn addresses(&self) -> Option<&AddressSet> {
        match self {
            Self::Addresses(addresses) => Some(addresses),
            Self::Texts(_) | Self::Principals(_) => None,
        }
    }
}
