//! What is to be looked at.

use serde_json::{Value, json};

use super::{Dossier, Ids, assessment_assets, metadata, reviewed_controls};

pub(super) fn document(dossier: &Dossier<'_>, ids: &Ids) -> Value {
    let plan = ids.of_path("system-security-plan");
    json!({"assessment-plan": {
        "uuid": ids.of_path("assessment-plan"),
        "metadata": metadata(dossier, "Assessment plan"),
        "import-ssp": {"href": format!("#{plan}")},
        "reviewed-controls": reviewed_controls(),
        "assessment-assets": assessment_assets(dossier, ids),
        "back-matter": {"resources": [{
            "uuid": plan,
            "title": "System security plan",
            "description": "The owner of the system has it.",
        }]},
    }})
}
