//! What the kinds of the Gateway API are made of, from a clone of kubernetes-sigs/gateway-api.

use super::{
    api::Api,
    repository::{Repository, Tag},
};

/// Returns the data file, from the newest patch of each minor, oldest first. The experimental channel has every field of the
/// standard one.
pub fn api(repository: &Repository, tags: &[Tag]) -> Result<String, String> {
    let api = Api::of(repository, tags, &["config/crd/experimental"])?;
    Ok(api.file("Gateway API", tags, "gateway-api CLONE"))
}
