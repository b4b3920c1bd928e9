//! `networking.istio.io` ProxyConfig.

use serde::Deserialize;

use super::{Labels, Word, WorkloadSelector};

/// How proxies are started (`networking/v1beta1/proxy_config.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProxyConfig {
    /// The workloads; all in scope where absent or empty.
    pub selector: Option<WorkloadSelector>,
    /// Variables of the proxy's environment, which switch features.
    pub environment_variables: Labels,
    /// The image.
    pub image: ProxyImage,
}

/// The image of proxies.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProxyImage {
    /// What is put behind the tag, such as `distroless`.
    pub image_type: Option<Word>,
}
