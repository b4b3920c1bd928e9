//! Versions, suites and modules.

use super::{at_mesh_config, boundary::each_server, control_plane, mesh_config, variable, written};
use crate::{
    control::{Look, Subject},
    manifest::{
        HelmRelease, Meta, Object, Word,
        gateway::{ServerTls, TlsVersion},
        istio_values::{CniValues, IstioChart, IstiodValues},
        mesh_config::MeshTlsVersion,
    },
    mesh::releases,
    source::Span,
    yaml::Spanned,
};

/// The suites of TLS 1.2 that `COMPLIANCE_POLICY: fips-140-2` leaves (`pkg/config/security` of Istio 1.21.1; SP 800-52
/// Rev. 2 names them as well).
const APPROVED: [&str; 4] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
];

/// Registries of the Istio project, which builds no FIPS images (istio/istio#11723, istio/istio#53262).
const UPSTREAM: [&str; 5] =
    ["docker.io/istio", "istio", "gcr.io/istio-release", "registry.istio.io/release", "registry.istio.io"];

fn each_tls(subject: &Subject<'_, '_>, mut take: impl FnMut(&Meta, &Spanned<ServerTls>)) {
    each_server(subject, |meta, server| {
        if let Some(tls) = server.tls.as_ref().filter(|tls| tls.mode().ends_tls()) {
            take(meta, tls);
        }
    });
}

/// SC13-1.
pub(in crate::control) fn floors(subject: &Subject<'_, '_>, look: &mut Look) {
    each_tls(subject, |meta, tls| {
        // What says nothing is a finding of `gateway-tls-version`.
        if let Some(version) = tls.min_protocol_version {
            look.at_place(
                meta,
                format!("minProtocolVersion: {}", written(subject, version.span)),
                version.span,
            );
        }
    });
}

/// SC13-2: the suites of TLS 1.3 cannot be chosen.
pub(in crate::control) fn suites(subject: &Subject<'_, '_>, look: &mut Look) {
    each_tls(subject, |meta, tls| {
        let is_approved = |suite: &&Word| APPROVED.contains(&suite.as_str());
        // Others are findings of `gateway-cipher-suites`.
        if let Some(suite) = tls.cipher_suites.iter().find(|suite| suite.contains("CHACHA20")) {
            look.breaks(
                suite.span,
                format!("`{}` names `{suite}`, which FIPS 140 does not approve", meta.path()),
            );
        }
        let count = tls.cipher_suites.iter().filter(is_approved).count();
        let says = match tls.lowest() {
            TlsVersion::V1_3 => "TLS 1.3 only".to_owned(),
            TlsVersion::V1_2 | TlsVersion::Auto | TlsVersion::V1_0 | TlsVersion::V1_1 => {
                format!("{count} suites named, all of ECDHE with AES-GCM")
            }
        };
        look.at_place(meta, says, tls.cipher_suites.first().map_or(tls.span, |suite| suite.span));
    });
}

/// SC13-3: before its mending, what is written here lowers the floor (istio/istio#58912).
pub(in crate::control) fn defaults(subject: &Subject<'_, '_>, look: &mut Look) {
    let Some(mesh) = mesh_config(subject, look) else { return };
    let stated = mesh.tls_defaults.as_ref();
    let says = if stated.is_some() { "tlsDefaults are said" } else { "no tlsDefaults" };
    at_mesh_config(subject, stated.map(|settings| settings.span), says, look);
}

/// SC13-4: unless said, Istio offers key exchange by RSA as well; curves make the whole mesh config invalid.
pub(in crate::control) fn mutual_tls(subject: &Subject<'_, '_>, look: &mut Look) {
    let Some(mesh) = mesh_config(subject, look) else { return };
    let place = subject.scene.mesh.config_place();
    let Some(tls) = &mesh.mesh_mtls else {
        look.breaks(place, "`meshMTLS` is not said: mutual TLS within the mesh has Istio's own suites");
        return;
    };
    match tls.min_protocol_version.map(|version| version.value) {
        Some(MeshTlsVersion::V1_2 | MeshTlsVersion::V1_3) => {}
        Some(MeshTlsVersion::Auto) | None => {
            look.breaks(tls.span, "`meshMTLS` does not say its lowest version");
        }
    }
    if let Some(curve) = tls.ecdh_curves.first() {
        look.breaks(curve.span, "`meshMTLS.ecdhCurves` makes istiod drop the whole mesh config");
    }
    let foreign = tls.cipher_suites.iter().find(|suite| !APPROVED.contains(&suite.value.as_ref()));
    match (tls.cipher_suites.first(), foreign) {
        (None, _) => {
            look.breaks(tls.span, "`meshMTLS` names no suites: Istio's own hold, with key exchange by RSA");
        }
        (Some(_), Some(suite)) => {
            look.breaks(suite.span, format!("`meshMTLS` names the suite `{}`", &*suite.value));
        }
        (Some(first), None) => {
            let says = format!("{} suites of mutual TLS, all of ECDHE with AES-GCM", tls.cipher_suites.len());
            at_mesh_config(subject, Some(first.span), says, look);
        }
    }
}

/// SC13-5: from 1.21.0, 1.20.4 and 1.19.8 on (`releasenotes/notes/fips.yaml`); any other word restricts nothing.
pub(in crate::control) fn compliance_policy(subject: &Subject<'_, '_>, look: &mut Look) {
    let Some(release) = control_plane(subject, look) else { return };
    match variable(subject, "COMPLIANCE_POLICY") {
        Some((value, place)) if value == "fips-140-2" => {
            look.at_place(&release.meta, "COMPLIANCE_POLICY: fips-140-2", place);
        }
        Some((value, _)) if !value.is_empty() => {}
        Some(_) | None => look.breaks(release.meta.head(), "istiod is told no compliance policy"),
    }
}

/// SC13-6: what an image is called says at best whose it is.
pub(in crate::control) fn images(subject: &Subject<'_, '_>, look: &mut Look) {
    let manifests = subject.scene.mesh.manifests;
    for release in releases(manifests, IstioChart::Istiod) {
        let values = IstiodValues::read(release.values.as_ref()).unwrap_or_default();
        let names = [&values.pilot.image, &values.global.proxy.image, &values.pilot.tag, &values.global.tag];
        let hub = values.pilot.hub.as_ref().or(values.global.hub.as_ref());
        image(release, hub, &names, look);
    }
    for release in releases(manifests, IstioChart::Cni) {
        let values = CniValues::read(release.values.as_ref()).unwrap_or_default();
        let hub = values.hub.as_ref().or(values.global.hub.as_ref());
        image(release, hub, &[&values.image, &values.tag, &values.global.tag], look);
    }
}

fn image(release: &Object<HelmRelease>, hub: Option<&Word>, names: &[&Option<Word>], look: &mut Look) {
    let written: Vec<&Word> = hub.into_iter().chain(names.iter().copied().flatten()).collect();
    let place: Span = written.first().map_or(release.meta.head(), |word| word.span);
    let path = release.meta.path();
    if let Some(word) = written.iter().find(|word| word.to_lowercase().contains("fips")) {
        look.doubts(
            word.span,
            format!(
                "the images of `{path}` are called FIPS by `{word}`, which this program does not verify; FIPS 140-2 \
                 certificates are Historical after 2026-09-21"
            ),
        );
        return;
    }
    let is_upstream = hub.is_none_or(|hub| UPSTREAM.contains(&hub.trim_end_matches('/')))
        && names.iter().copied().flatten().all(|word| !word.contains('/'));
    if is_upstream {
        look.breaks(
            place,
            format!("the images of `{path}` are upstream Istio, whose cryptographic module is not FIPS 140 validated"),
        );
    } else {
        look.doubts(
            place,
            format!("nothing says whose build the images of `{path}` are, nor what module they hold"),
        );
    }
}
