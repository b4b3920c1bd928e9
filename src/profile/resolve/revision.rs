//! Revisions and tags: what they are, and who follows which.

use super::{Resolution, list, suggest};
use crate::{
    diagnostic::Diagnostic,
    profile::{Canary, Images, Mesh, Revisions, doubt, releases, values, written},
    release::{Minor, Patch},
    schema::nearest,
    source::Span,
    yaml::{self, Node, Spanned},
};

/// The most minors that a canary may be ahead: where revisions are used, upstream supports a jump over one (istio.io,
/// "Canary Upgrades").
const FARTHEST: u16 = 2;

/// What a canary stands beside.
pub(super) struct Beside<'a> {
    pub version: Option<Patch>,
    pub mesh: &'a Mesh,
    pub kubernetes: Minor,
    pub kubernetes_said: Option<&'a Spanned<String>>,
}

/// Resolves what `mesh` says of revisions.
pub(super) fn revisions(root: &Node, beside: &Beside<'_>, diagnostics: &mut Vec<Diagnostic>) -> Revisions {
    let Some(mesh) = root.get("mesh") else { return Revisions::default() };
    let has_lost_names = doubt::is_faulty(mesh.span, diagnostics);
    let written: written::Revisions = yaml::read(mesh).unwrap_or_else(|fault| {
        diagnostics.push(*fault);
        written::Revisions::default()
    });
    let own = written.canary.as_ref().and_then(|canary| canary.revision.as_ref());
    let named: Vec<&Spanned<String>> = written.revision.iter().chain(own).collect();
    if let [first, second] = named[..] {
        diagnostics.extend(collision(second, first));
    }
    for (tag, revision) in &written.tags {
        diagnostics.extend(named.iter().find_map(|name| collision(tag, name)));
        if !named.iter().any(|name| name.value == revision.value) && !has_lost_names {
            diagnostics.push(unknown(revision, "a revision", named.iter().map(|name| name.value.as_str())));
        }
    }
    let values = values::of_canary(mesh.at(&["canary", "values"]), diagnostics);
    let canary = written.canary.and_then(|written| canary(written, values, beside, diagnostics));
    let tags = written.tags.into_iter().map(|(tag, revision)| (tag.value, revision.value)).collect();
    Revisions { main: written.revision.map(|name| name.value), canary, tags }
}

fn canary(
    written: written::Canary,
    values: Option<Node>,
    beside: &Beside<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Canary> {
    let version = releases::istio(written.chart_version.as_ref(), diagnostics)?;
    let (span, theirs, own) = (written.chart_version?.span, &beside.mesh.images, written.images);
    diagnostics.extend(releases::istio_on(beside.kubernetes, beside.kubernetes_said, version, span));
    if let Some(main) = beside.version {
        diagnostics.extend(order(version, main, beside.mesh.cni, span));
    }
    if let (None, Some(tag), Some(main)) =
        (&own.tag, &theirs.tag, beside.version.filter(|main| *main != version))
    {
        let message = format!("the canary would run the image `{tag}`, which is of {main}");
        let fault = Diagnostic::error("canary-image", span, message, "a tag of its own was expected");
        diagnostics.push(fault.with_help("say `mesh.canary.images.tag`, since `mesh.images.tag` is said"));
    }
    let images = Images {
        hub: own.hub.or_else(|| theirs.hub.clone()),
        // The same release may take the same image.
        tag: own.tag.or_else(|| theirs.tag.clone()),
        variant: own.variant.unwrap_or_else(|| theirs.variant.clone()),
    };
    Some(Canary { revision: written.revision?.value, version, images, values })
}

/// Reports a canary that no upgrade leads to.
fn order(canary: Patch, main: Patch, cni: bool, span: Span) -> Option<Diagnostic> {
    if canary < main {
        let message = format!("the canary, Istio {canary}, is older than the mesh, {main}");
        let help = "let `chartVersion` be the older of the two, and swap the revisions as well";
        let fault = Diagnostic::error("canary-order", span, message, format!("{main} or later was expected"));
        return Some(fault.with_help(help));
    }
    let is_near = canary.minor.major == main.minor.major;
    let ahead = if is_near { canary.minor.minor - main.minor.minor } else { u16::MAX };
    let message =
        |minors| format!("the canary, Istio {canary}, is more than {minors} ahead of the mesh, {main}");
    if ahead <= 1 {
        None
    } else if ahead > FARTHEST || cni {
        let (most, minors, why) = if cni {
            // istio.io, "Install the Istio CNI node agent": a plugin fits the control planes of one minor around it.
            (
                1,
                "one minor",
                "the CNI plugin is one for all nodes, and fits no control plane that is two minors newer",
            )
        } else {
            (FARTHEST, "two minors", "upstream supports no longer jump, with revisions either")
        };
        let most = format!("at most {}.{} was expected", main.minor.major, main.minor.minor + most);
        let fault = Diagnostic::error("canary-distance", span, message(minors), most);
        Some(fault.with_help(why).with_help("`meshwright upgrade --canary` says the steps"))
    } else {
        let label = "what changed in both minors comes at once";
        let fault = Diagnostic::warning("canary-distance", span, message("one minor"), label);
        Some(
            fault.with_help(
                "upstream supports this jump with revisions; one minor at a time shows what broke",
            ),
        )
    }
}

/// Reports one name for two things.
fn collision(name: &Spanned<String>, first: &Spanned<String>) -> Option<Diagnostic> {
    (name.value == first.value).then(|| {
        let message = format!("`{}` names two things", name.value);
        Diagnostic::error("duplicate-revision", name.span, message, "another name was expected")
            .with_context(first.span, "this revision has it")
            .with_help("the label `istio.io/rev` holds a revision or a tag, and could not tell the two apart")
    })
}

fn unknown<'a>(
    name: &Spanned<String>,
    expected: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let message = format!("unknown revision `{}`", name.value);
    let mut fault =
        Diagnostic::error("unknown-revision", name.span, message, format!("{expected} was expected"));
    let near = nearest(&name.value, known.clone()).map(str::to_owned);
    if known.clone().next().is_none() {
        fault.help("`mesh.revision` and `mesh.canary` name revisions, and there is none; leave it out for the default");
    } else {
        suggest(&mut fault, near, &list(known));
    }
    fault
}

impl Resolution<'_> {
    /// Returns what a namespace or the gateway follows: none for the default control plane.
    pub(super) fn follows(&mut self, written: Option<&Spanned<String>>) -> Option<String> {
        let Some(name) = written else { return self.revisions.main.clone() };
        if !self.revisions.names().any(|known| known == name.value) && !self.has_lost_revisions {
            let fault =
                unknown(name, "a revision or a tag", self.revisions.names().collect::<Vec<_>>().into_iter());
            self.diagnostics.push(fault);
        }
        Some(name.value.clone())
    }
}
