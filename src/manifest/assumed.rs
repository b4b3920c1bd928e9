//! What a profile takes teams' own manifests to hold, where those are shown.

use std::collections::HashMap;

use super::{Manifests, Object, Service, ServiceAccount, Workload};

/// Objects that a profile assumes (`meshwright/assumed`) and that manifests show as they are: these decide, and the assumed
/// ones are only compared with them.
#[derive(Debug, Clone, Default)]
pub struct Assumed {
    /// Workloads.
    pub workloads: Vec<Object<Workload>>,
    /// Their Services.
    pub services: Vec<Object<Service>>,
    /// Their accounts.
    pub service_accounts: Vec<Object<ServiceAccount>>,
}

/// By what a workload is known as the one that a profile assumes; the last is the surest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Its account alone.
    Account,
    /// Its labels.
    Labels,
    /// Its name.
    Name,
}

impl Object<Workload> {
    /// Returns by what another workload of the namespace is known as this one; nothing where it is another.
    pub fn likeness(&self, other: &Self) -> Option<Likeness> {
        let labels = &other.template.metadata.labels;
        let has = |(key, value): &(_, super::Word)| {
            let key: &super::Word = key;
            labels.named(key).is_some_and(|other| other.value == value.value)
        };
        if self.meta.name.value == other.meta.name.value {
            Some(Likeness::Name)
        } else if !self.template.metadata.labels.is_empty() && self.template.metadata.labels.iter().all(has) {
            Some(Likeness::Labels)
        } else {
            let account = self.service_account();
            (account != "default" && account == other.service_account()).then_some(Likeness::Account)
        }
    }
}

impl Manifests {
    /// Sets aside what a profile assumes of workloads that are shown, and of their Services and accounts.
    pub fn set_assumptions_aside(&mut self) {
        let aside = self.shown_assumptions();
        if !aside.contains(&true) {
            return;
        }
        let mut aside = aside.into_iter();
        let is_aside = |_: &mut Object<Workload>| aside.next().expect("one for each workload");
        self.assumed.workloads = self.workloads.extract_if(.., is_aside).collect();
        let (workloads, kept) = (&self.assumed.workloads, &self.workloads);
        let is_served = |service: &mut Object<Service>| {
            let is_of = |workload: &&Object<Workload>| {
                let label =
                    |key: &str| workload.template.metadata.labels.named(key).map(|value| &value.value);
                workload.meta.namespace() == service.meta.namespace()
                    && service.selector.iter().all(|(key, value)| label(key) == Some(&value.value))
            };
            service.meta.is_assumed() && workloads.iter().any(|workload| is_of(&workload))
        };
        self.assumed.services = self.services.extract_if(.., is_served).collect();
        let is_theirs = |account: &mut Object<ServiceAccount>| {
            let is_of = |workload: &Object<Workload>| {
                workload.meta.namespace() == account.meta.namespace()
                    && workload.service_account() == account.meta.name.value
            };
            let mut others = kept.iter().filter(|workload| workload.meta.is_assumed());
            account.meta.is_assumed() && workloads.iter().any(is_of) && !others.any(is_of)
        };
        self.assumed.service_accounts = self.service_accounts.extract_if(.., is_theirs).collect();
    }

    /// Tells of each workload whether it is assumed and shown as well.
    fn shown_assumptions(&self) -> Vec<bool> {
        let mut applied: HashMap<&str, Vec<&Object<Workload>>> = HashMap::new();
        for workload in self.workloads.iter().filter(|workload| !workload.meta.is_assumed()) {
            applied.entry(workload.meta.namespace()).or_default().push(workload);
        }
        let is_shown = |workload: &Object<Workload>| {
            let mut others = applied.get(workload.meta.namespace()).into_iter().flatten();
            workload.meta.is_assumed() && others.any(|other| workload.likeness(other).is_some())
        };
        self.workloads.iter().map(is_shown).collect()
    }
}
