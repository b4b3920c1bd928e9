//! The table of checks: a line for the module of each, and one for what it exports.

mod admission_policy_not_enforced;
mod authorization_policy_allows_all;
mod authorization_policy_allows_any_principal;
mod authorization_policy_audit;
mod authorization_policy_client_address_lost;
mod authorization_policy_custom_on_tcp;
mod authorization_policy_dead_path;
mod authorization_policy_deny_misses_plaintext;
mod authorization_policy_dry_run;
mod authorization_policy_empty_part;
mod authorization_policy_host_without_port;
mod authorization_policy_http_field_on_tcp_port;
mod authorization_policy_method_case;
mod authorization_policy_negative_allow;
mod authorization_policy_on_control_plane;
mod authorization_policy_prefix_misses_itself;
mod authorization_policy_principal_form;
mod authorization_policy_provider_fails_open;
mod authorization_policy_provider_missing;
mod authorization_policy_selects_nothing;
mod authorization_policy_service_port;
mod authorization_policy_source_unknown;
mod authorization_policy_target_ref_ignored;
mod authorization_policy_token_unchecked;
mod authorization_policy_trust_domain_unknown;
mod authorization_policy_unknown_condition;
mod authorization_policy_value_invalid;
mod authorization_policy_wildcard_in_middle;
mod authorization_policy_without_caller;
mod authorization_policy_without_default_deny;
mod authorization_policy_without_rules;
mod delivery_not_followed;
mod destination_rule_disables_tls;
mod destination_rule_simple_in_mesh;
mod destination_rule_skips_verification;
mod destination_rule_without_ca;
mod envoy_filter_unproved;
mod field_enum;
mod field_exclusive;
mod field_not_served;
mod field_pattern;
mod field_range;
mod field_required;
mod field_type;
mod field_unknown;
mod flux_field_unread;
mod flux_kustomization_crd_deadlock;
mod flux_kustomization_dependency_cycle;
mod flux_kustomization_dependency_missing;
mod flux_kustomization_path_missing;
mod flux_kustomization_wait_deadlock;
mod flux_source_missing;
mod gateway_any_host;
mod gateway_api_beside_gateway;
mod gateway_cipher_suites;
mod gateway_optional_client_certificate;
mod gateway_passthrough;
mod gateway_plaintext_server;
mod gateway_route_refused;
mod gateway_route_unused;
mod gateway_second;
mod gateway_tcp_server;
mod gateway_tls_version;
mod gateway_without_credential;
mod helm_release_post_renderer;
mod helm_release_validation_disabled;
mod helm_release_values_from;
mod helm_release_version_floating;
mod helm_release_versions_differ;
mod ingress_beside_gateway;
mod key_not_text;
mod kustomization_resource_circle;
mod kustomization_resource_missing;
mod kustomization_resource_outside;
mod manifest_delivery_unknown;
mod manifest_not_delivered;
mod manifest_not_enforced;
mod manifest_not_reconciled;
mod mesh_auto_mtls_off;
mod mesh_captures_less;
mod mesh_compliance_policy;
mod mesh_config_access_log_format;
mod mesh_config_access_log_off;
mod mesh_config_access_log_text;
mod mesh_config_access_log_without_peer;
mod mesh_config_key_unknown;
mod mesh_config_listener_log_off;
mod mesh_config_outbound_allow_any;
mod mesh_config_tls_defaults;
mod mesh_config_unreadable;
mod mesh_path_normalization;
mod mesh_strict_missing;
mod metadata_key_unread;
mod namespace_injection_labels_conflict;
mod namespace_missing;
mod namespace_not_injected;
mod namespace_prunable;
mod namespace_revision_unknown;
mod network_policy_block_host_bits;
mod network_policy_cuts_dns;
mod network_policy_cuts_istiod;
mod network_policy_cuts_webhook;
mod network_policy_every_port;
mod network_policy_host_network;
mod network_policy_invalid;
mod network_policy_metadata_address;
mod network_policy_named_port_to_addresses;
mod network_policy_named_port_unknown;
mod network_policy_open_to_all;
mod network_policy_opens_proxy_port;
mod network_policy_peer_matches_nothing;
mod network_policy_peer_shadowed;
mod network_policy_peer_without_sidecar;
mod network_policy_rules_ignored;
mod network_policy_selects_nothing;
mod network_policy_service_port;
mod network_policy_without_default_deny;
mod object_delivered_twice;
mod peer_authentication_duplicate;
mod peer_authentication_not_strict;
mod peer_authentication_port_unknown;
mod peer_authentication_port_without_selector;
mod peer_authentication_root_selector;
mod peer_authentication_selects_nothing;
mod pod_injection_annotation_ignored;
mod pod_opts_out_of_injection;
mod pod_outbound_not_captured;
mod pod_proxy_overridden;
mod pod_runs_as_proxy_user;
mod pod_tls_mode_label;
mod policy_kind_unmodelled;
mod policy_on_pod_without_sidecar;
mod policy_outside_root_namespace;
mod port_not_captured;
mod request_authentication_without_requirement;
mod role_grants_mesh_kinds;
mod scalar_spelling;
mod server_first_behind_tcp_authorization;
mod service_account_missing;
mod service_account_shared;
mod service_entry_exported_to_all;
mod service_entry_wide_host;
mod service_exposes_plaintext;
mod service_protocol_ambiguous;
mod sidecar_captures_nothing;
mod sidecar_duplicate;
mod sidecar_ingress_tls;
mod sidecar_outbound_allow_any;
mod telemetry_drops_access_log;
mod telemetry_duplicate;
mod values_key_refused;
mod values_key_type;
mod values_key_unread;
mod version_not_served;
mod virtual_service_destination_unknown;
mod virtual_service_gateway_unknown;
mod wasm_plugin_unproved;
mod workload_not_as_assumed;

use super::Check;

/// Every check, by code.
pub const CHECKS: &[Check] = &[
    admission_policy_not_enforced::CHECK,
    authorization_policy_allows_all::CHECK,
    authorization_policy_allows_any_principal::CHECK,
    authorization_policy_audit::CHECK,
    authorization_policy_client_address_lost::CHECK,
    authorization_policy_custom_on_tcp::CHECK,
    authorization_policy_dead_path::CHECK,
    authorization_policy_deny_misses_plaintext::CHECK,
    authorization_policy_dry_run::CHECK,
    authorization_policy_empty_part::CHECK,
    authorization_policy_host_without_port::CHECK,
    authorization_policy_http_field_on_tcp_port::CHECK,
    authorization_policy_method_case::CHECK,
    authorization_policy_negative_allow::CHECK,
    authorization_policy_on_control_plane::CHECK,
    authorization_policy_prefix_misses_itself::CHECK,
    authorization_policy_principal_form::CHECK,
    authorization_policy_provider_fails_open::CHECK,
    authorization_policy_provider_missing::CHECK,
    authorization_policy_selects_nothing::CHECK,
    authorization_policy_service_port::CHECK,
    authorization_policy_source_unknown::CHECK,
    authorization_policy_target_ref_ignored::CHECK,
    authorization_policy_token_unchecked::CHECK,
    authorization_policy_trust_domain_unknown::CHECK,
    authorization_policy_unknown_condition::CHECK,
    authorization_policy_value_invalid::CHECK,
    authorization_policy_wildcard_in_middle::CHECK,
    authorization_policy_without_caller::CHECK,
    authorization_policy_without_default_deny::CHECK,
    authorization_policy_without_rules::CHECK,
    delivery_not_followed::CHECK,
    destination_rule_disables_tls::CHECK,
    destination_rule_simple_in_mesh::CHECK,
    destination_rule_skips_verification::CHECK,
    destination_rule_without_ca::CHECK,
    envoy_filter_unproved::CHECK,
    field_enum::CHECK,
    field_exclusive::CHECK,
    field_not_served::CHECK,
    field_pattern::CHECK,
    field_range::CHECK,
    field_required::CHECK,
    field_type::CHECK,
    field_unknown::CHECK,
    flux_field_unread::CHECK,
    flux_kustomization_crd_deadlock::CHECK,
    flux_kustomization_dependency_cycle::CHECK,
    flux_kustomization_dependency_missing::CHECK,
    flux_kustomization_path_missing::CHECK,
    flux_kustomization_wait_deadlock::CHECK,
    flux_source_missing::CHECK,
    gateway_any_host::CHECK,
    gateway_api_beside_gateway::CHECK,
    gateway_cipher_suites::CHECK,
    gateway_optional_client_certificate::CHECK,
    gateway_passthrough::CHECK,
    gateway_plaintext_server::CHECK,
    gateway_route_refused::CHECK,
    gateway_route_unused::CHECK,
    gateway_second::CHECK,
    gateway_tcp_server::CHECK,
    gateway_tls_version::CHECK,
    gateway_without_credential::CHECK,
    helm_release_post_renderer::CHECK,
    helm_release_validation_disabled::CHECK,
    helm_release_values_from::CHECK,
    helm_release_version_floating::CHECK,
    helm_release_versions_differ::CHECK,
    ingress_beside_gateway::CHECK,
    key_not_text::CHECK,
    kustomization_resource_circle::CHECK,
    kustomization_resource_missing::CHECK,
    kustomization_resource_outside::CHECK,
    manifest_delivery_unknown::CHECK,
    manifest_not_delivered::CHECK,
    manifest_not_enforced::CHECK,
    manifest_not_reconciled::CHECK,
    mesh_auto_mtls_off::CHECK,
    mesh_captures_less::CHECK,
    mesh_compliance_policy::CHECK,
    mesh_config_access_log_format::CHECK,
    mesh_config_access_log_off::CHECK,
    mesh_config_access_log_text::CHECK,
    mesh_config_access_log_without_peer::CHECK,
    mesh_config_key_unknown::CHECK,
    mesh_config_listener_log_off::CHECK,
    mesh_config_outbound_allow_any::CHECK,
    mesh_config_tls_defaults::CHECK,
    mesh_config_unreadable::CHECK,
    mesh_path_normalization::CHECK,
    mesh_strict_missing::CHECK,
    metadata_key_unread::CHECK,
    namespace_injection_labels_conflict::CHECK,
    namespace_missing::CHECK,
    namespace_not_injected::CHECK,
    namespace_prunable::CHECK,
    namespace_revision_unknown::CHECK,
    network_policy_block_host_bits::CHECK,
    network_policy_cuts_dns::CHECK,
    network_policy_cuts_istiod::CHECK,
    network_policy_cuts_webhook::CHECK,
    network_policy_every_port::CHECK,
    network_policy_host_network::CHECK,
    network_policy_invalid::CHECK,
    network_policy_metadata_address::CHECK,
    network_policy_named_port_to_addresses::CHECK,
    network_policy_named_port_unknown::CHECK,
    network_policy_open_to_all::CHECK,
    network_policy_opens_proxy_port::CHECK,
    network_policy_peer_matches_nothing::CHECK,
    network_policy_peer_shadowed::CHECK,
    network_policy_peer_without_sidecar::CHECK,
    network_policy_rules_ignored::CHECK,
    network_policy_selects_nothing::CHECK,
    network_policy_service_port::CHECK,
    network_policy_without_default_deny::CHECK,
    object_delivered_twice::CHECK,
    peer_authentication_duplicate::CHECK,
    peer_authentication_not_strict::CHECK,
    peer_authentication_port_unknown::CHECK,
    peer_authentication_port_without_selector::CHECK,
    peer_authentication_root_selector::CHECK,
    peer_authentication_selects_nothing::CHECK,
    pod_injection_annotation_ignored::CHECK,
    pod_opts_out_of_injection::CHECK,
    pod_outbound_not_captured::CHECK,
    pod_proxy_overridden::CHECK,
    pod_runs_as_proxy_user::CHECK,
    pod_tls_mode_label::CHECK,
    policy_kind_unmodelled::CHECK,
    policy_on_pod_without_sidecar::CHECK,
    policy_outside_root_namespace::CHECK,
    port_not_captured::CHECK,
    request_authentication_without_requirement::CHECK,
    role_grants_mesh_kinds::CHECK,
    scalar_spelling::CHECK,
    server_first_behind_tcp_authorization::CHECK,
    service_account_missing::CHECK,
    service_account_shared::CHECK,
    service_entry_exported_to_all::CHECK,
    service_entry_wide_host::CHECK,
    service_exposes_plaintext::CHECK,
    service_protocol_ambiguous::CHECK,
    sidecar_captures_nothing::CHECK,
    sidecar_duplicate::CHECK,
    sidecar_ingress_tls::CHECK,
    sidecar_outbound_allow_any::CHECK,
    telemetry_drops_access_log::CHECK,
    telemetry_duplicate::CHECK,
    values_key_refused::CHECK,
    values_key_type::CHECK,
    values_key_unread::CHECK,
    version_not_served::CHECK,
    virtual_service_destination_unknown::CHECK,
    virtual_service_gateway_unknown::CHECK,
    wasm_plugin_unproved::CHECK,
    workload_not_as_assumed::CHECK,
];
