//! Identifiers that are the same for the same thing.

use uuid::Uuid;

/// What every name of this form begins with.
const FORM: &str = "urn:meshwright:oscal:v1";

/// The identifiers of one mesh.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    mesh: String,
    namespace: Uuid,
}

impl Ids {
    pub(super) fn of(mesh: &str) -> Self {
        Self { mesh: mesh.to_owned(), namespace: Uuid::new_v5(&Uuid::NAMESPACE_URL, FORM.as_bytes()) }
    }

    /// Returns the UUID of version 5 of a path in the mesh, which holds neither a time nor a line.
    pub(super) fn of_path(&self, path: &str) -> String {
        of_name(&self.namespace, &format!("{}/{path}", self.mesh))
    }
}

fn of_name(namespace: &Uuid, name: &str) -> String {
    Uuid::new_v5(namespace, name.as_bytes()).hyphenated().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out by another program.
    #[test]
    fn the_same_name_is_the_same_everywhere() {
        let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"https://example.org/meshwright/oscal/v1");
        assert_eq!(namespace.to_string(), "735548c3-befd-5eac-9aed-1b87ce8ca886");
        assert_eq!(of_name(&namespace, "prod/obs/MESH-SC8-01"), "dda2e124-3dc6-5dc0-9f7e-849b13f225e8");
    }
}
