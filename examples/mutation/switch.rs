//! Which change is wanted.

use std::{env, sync::OnceLock};

/// Whether it is this one. Not part of each function that asks: an optimizer would take hours over them.
#[inline(never)]
pub fn is(number: usize) -> bool {
    static WANTED: OnceLock<usize> = OnceLock::new();
    number == *WANTED.get_or_init(|| env::var("MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX))
}

pub fn all_or_none(is: bool) -> usize {
    if is { 0 } else { usize::MAX }
}

pub fn lt<T: PartialOrd<U> + ?Sized, U: ?Sized>(is: bool, one: &T, other: &U) -> bool {
    if is { one <= other } else { one < other }
}

pub fn le<T: PartialOrd<U> + ?Sized, U: ?Sized>(is: bool, one: &T, other: &U) -> bool {
    if is { one < other } else { one <= other }
}

pub fn gt<T: PartialOrd<U> + ?Sized, U: ?Sized>(is: bool, one: &T, other: &U) -> bool {
    if is { one >= other } else { one > other }
}

pub fn ge<T: PartialOrd<U> + ?Sized, U: ?Sized>(is: bool, one: &T, other: &U) -> bool {
    if is { one > other } else { one >= other }
}

pub fn min<T: Ord>(is: bool, one: T, other: T) -> T {
    if is { one.max(other) } else { one.min(other) }
}

pub fn max<T: Ord>(is: bool, one: T, other: T) -> T {
    if is { one.min(other) } else { one.max(other) }
}
