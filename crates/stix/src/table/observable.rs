//! The cyber-observable objects (section 6) with the properties their deterministic ids are made of.

use super::common::{INT, NATURAL, OBSERVABLE, TEXTS};
use super::extension as x;
use super::vocabulary as v;
use super::{Form, Kind, Prop, Rule, Shape, Target, Test, Type, opt, req, rule};
use crate::Class;

const ARTIFACT: Kind = Kind::Id(Target::Types(&["artifact"]));
const EMAIL_ADDR: Kind = Kind::Id(Target::Types(&["email-addr"]));
const EMAIL_ADDRS: Kind = Kind::List(&EMAIL_ADDR);
const USER: Kind = Kind::Id(Target::Types(&["user-account"]));
const TRAFFIC: Kind = Kind::Id(Target::Types(&["network-traffic"]));
const PROCESS: Kind = Kind::Id(Target::Types(&["process"]));
const ENDPOINT: Kind = Kind::Id(Target::Types(&["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"]));
const MACS: Kind = Kind::List(&Kind::Id(Target::Types(&["mac-addr"])));
const SYSTEMS: Kind = Kind::List(&Kind::Id(Target::Types(&["autonomous-system"])));
const PORT: Kind = Kind::Int(0, 65_535);
const NO_EXTENSIONS: &[(&str, &Shape)] = &[];

const fn observable(
    name: &'static str,
    contributing: &'static [&'static str],
    props: &'static [Prop],
    rules: &'static [Rule],
    extensions: &'static [(&'static str, &'static Shape)],
) -> Type {
    Type { name, class: Class::Observable, common: OBSERVABLE, own: Shape { props, rules }, extensions, contributing }
}

pub(super) const TYPES: &[Type] = &[
    // 6.1.1
    observable(
        "artifact",
        &["hashes", "payload_bin"],
        &[
            opt("mime_type", Kind::Form(Form::Mime)),
            opt("payload_bin", Kind::Binary),
            opt("url", Kind::Form(Form::Url)),
            opt("hashes", Kind::Hashes),
            opt("encryption_algorithm", Kind::Enum(&v::ENCRYPTION_ALGORITHM)),
            opt("decryption_key", Kind::Text),
        ],
        &[
            rule("artifact-content", Test::NotBoth("payload_bin", "url")),
            rule("artifact-content", Test::AnyOf(&["payload_bin", "url"])),
            rule("artifact-hashes", Test::Needs("url", &["hashes"])),
            rule("artifact-key", Test::Needs("decryption_key", &["encryption_algorithm"])),
        ],
        NO_EXTENSIONS,
    ),
    // 6.2.1
    observable(
        "autonomous-system",
        &["number"],
        &[req("number", INT), opt("name", Kind::Text), opt("rir", Kind::Text)],
        &[],
        NO_EXTENSIONS,
    ),
    // 6.3.1
    observable(
        "directory",
        &["path"],
        &[
            req("path", Kind::Text),
            opt("path_enc", Kind::Form(Form::Encoding)),
            opt("ctime", Kind::Time),
            opt("mtime", Kind::Time),
            opt("atime", Kind::Time),
            opt("contains_refs", x::FILES_AND_DIRECTORIES),
        ],
        &[],
        NO_EXTENSIONS,
    ),
    // 6.4.1
    observable(
        "domain-name",
        &["value"],
        &[
            req("value", Kind::Form(Form::Domain)),
            opt("resolves_to_refs", Kind::List(&Kind::Id(Target::Types(&["ipv4-addr", "ipv6-addr", "domain-name"])))),
        ],
        &[],
        NO_EXTENSIONS,
    ),
    // 6.5.1
    observable(
        "email-addr",
        &["value"],
        &[req("value", Kind::Form(Form::Email)), opt("display_name", Kind::Text), opt("belongs_to_ref", USER)],
        &[],
        NO_EXTENSIONS,
    ),
    // 6.6.1
    observable(
        "email-message",
        &["from_ref", "subject", "body"],
        &[
            req("is_multipart", Kind::Bool),
            opt("date", Kind::Time),
            opt("content_type", Kind::Text),
            opt("from_ref", EMAIL_ADDR),
            opt("sender_ref", EMAIL_ADDR),
            opt("to_refs", EMAIL_ADDRS),
            opt("cc_refs", EMAIL_ADDRS),
            opt("bcc_refs", EMAIL_ADDRS),
            opt("message_id", Kind::Text),
            opt("subject", Kind::Form(Form::Decoded)),
            opt("received_lines", TEXTS),
            opt("additional_header_fields", Kind::Dict(&Kind::Header)),
            opt("body", Kind::Text),
            opt("body_multipart", Kind::List(&Kind::Object(&MIME_PART))),
            opt("raw_email_ref", ARTIFACT),
        ],
        &[
            rule("email-body", Test::FlagForbids("is_multipart", true, "body")),
            rule("email-body", Test::FlagForbids("is_multipart", false, "body_multipart")),
        ],
        NO_EXTENSIONS,
    ),
    // 6.7.1
    observable(
        "file",
        &["hashes", "name", "extensions", "parent_directory_ref"],
        &[
            opt("hashes", Kind::Hashes),
            opt("size", NATURAL),
            opt("name", Kind::Text),
            opt("name_enc", Kind::Form(Form::Encoding)),
            opt("magic_number_hex", Kind::Hex),
            opt("mime_type", Kind::Form(Form::Mime)),
            opt("ctime", Kind::Time),
            opt("mtime", Kind::Time),
            opt("atime", Kind::Time),
            opt("parent_directory_ref", Kind::Id(Target::Types(&["directory"]))),
            opt("contains_refs", Kind::List(&Kind::Id(Target::Observable))),
            opt("content_ref", ARTIFACT),
        ],
        &[
            rule("file-hashes-or-name", Test::AnyOf(&["hashes", "name"])),
            rule("encoding-alone", Test::Needs("name_enc", &["name"])),
        ],
        x::OF_FILE,
    ),
    // 6.8.1
    observable("ipv4-addr", &["value"], &address(Form::Ipv4), &[], NO_EXTENSIONS),
    // 6.9.1
    observable("ipv6-addr", &["value"], &address(Form::Ipv6), &[], NO_EXTENSIONS),
    // 6.10.1
    observable("mac-addr", &["value"], &[req("value", Kind::Form(Form::Mac))], &[], NO_EXTENSIONS),
    // 6.11.1
    observable("mutex", &["name"], &[req("name", Kind::Text)], &[], NO_EXTENSIONS),
    // 6.12
    observable(
        "network-traffic",
        &["start", "end", "src_ref", "dst_ref", "src_port", "dst_port", "protocols", "extensions"],
        &[
            opt("start", Kind::Time),
            opt("end", Kind::Time),
            opt("is_active", Kind::Bool),
            opt("src_ref", ENDPOINT),
            opt("dst_ref", ENDPOINT),
            opt("src_port", PORT),
            opt("dst_port", PORT),
            req("protocols", TEXTS),
            opt("src_byte_count", NATURAL),
            opt("dst_byte_count", NATURAL),
            opt("src_packets", NATURAL),
            opt("dst_packets", NATURAL),
            opt("ipfix", Kind::Dict(&Kind::IntOrText)),
            opt("src_payload_ref", ARTIFACT),
            opt("dst_payload_ref", ARTIFACT),
            opt("encapsulates_refs", Kind::List(&TRAFFIC)),
            opt("encapsulated_by_ref", TRAFFIC),
        ],
        &[
            rule("traffic-endpoint", Test::AnyOf(&["src_ref", "dst_ref"])),
            rule("traffic-active", Test::FlagForbids("is_active", true, "end")),
            rule("time-order", Test::NotBefore("start", "end")),
            rule("traffic-ports", Test::Better(&["src_port"])),
            rule("traffic-ports", Test::Better(&["dst_port"])),
        ],
        x::OF_NETWORK_TRAFFIC,
    ),
    // 6.13
    observable(
        "process",
        &[],
        &[
            opt("is_hidden", Kind::Bool),
            opt("pid", INT),
            opt("created_time", Kind::Time),
            opt("cwd", Kind::Text),
            opt("command_line", Kind::Text),
            opt("environment_variables", Kind::Dict(&Kind::Text)),
            opt("opened_connection_refs", Kind::List(&TRAFFIC)),
            opt("creator_user_ref", USER),
            opt("image_ref", Kind::Id(Target::Types(&["file"]))),
            opt("parent_ref", PROCESS),
            opt("child_refs", Kind::List(&PROCESS)),
        ],
        &[rule("empty-object", Test::AtLeastOneOrExtension)],
        x::OF_PROCESS,
    ),
    // 6.14.1
    observable(
        "software",
        &["name", "cpe", "swid", "vendor", "version"],
        &[
            req("name", Kind::Text),
            opt("cpe", Kind::Form(Form::Cpe)),
            opt("swid", Kind::Text),
            opt("languages", Kind::List(&Kind::Form(Form::Language))),
            opt("vendor", Kind::Text),
            opt("version", Kind::Text),
        ],
        &[],
        NO_EXTENSIONS,
    ),
    // 6.15.1
    observable("url", &["value"], &[req("value", Kind::Form(Form::Url))], &[], NO_EXTENSIONS),
    // 6.16
    observable(
        "user-account",
        &["account_type", "user_id", "account_login"],
        &[
            opt("user_id", Kind::Text),
            opt("credential", Kind::Text),
            opt("account_login", Kind::Text),
            opt("account_type", Kind::Open(&v::ACCOUNT_TYPE)),
            opt("display_name", Kind::Text),
            opt("is_service_account", Kind::Bool),
            opt("is_privileged", Kind::Bool),
            opt("can_escalate_privs", Kind::Bool),
            opt("is_disabled", Kind::Bool),
            opt("account_created", Kind::Time),
            opt("account_expires", Kind::Time),
            opt("credential_last_changed", Kind::Time),
            opt("account_first_login", Kind::Time),
            opt("account_last_login", Kind::Time),
        ],
        &[rule("empty-object", Test::AtLeastOneOrExtension)],
        x::OF_USER_ACCOUNT,
    ),
    // 6.17
    observable(
        "windows-registry-key",
        &["key", "values"],
        &[
            opt("key", Kind::Form(Form::RegistryKey)),
            opt("values", Kind::List(&Kind::Object(&REGISTRY_VALUE))),
            opt("modified_time", Kind::Time),
            opt("creator_user_ref", USER),
            opt("number_of_subkeys", INT),
        ],
        &[rule("empty-object", Test::AtLeast(1))],
        NO_EXTENSIONS,
    ),
    // 6.18
    observable(
        "x509-certificate",
        &["hashes", "serial_number"],
        &[
            opt("is_self_signed", Kind::Bool),
            opt("hashes", Kind::Hashes),
            opt("version", Kind::Text),
            opt("serial_number", Kind::Text),
            opt("signature_algorithm", Kind::Text),
            opt("issuer", Kind::Text),
            opt("validity_not_before", Kind::Time),
            opt("validity_not_after", Kind::Time),
            opt("subject", Kind::Text),
            opt("subject_public_key_algorithm", Kind::Text),
            opt("subject_public_key_modulus", Kind::Text),
            opt("subject_public_key_exponent", INT),
            opt("x509_v3_extensions", Kind::Object(&X509_EXTENSIONS)),
        ],
        &[rule("empty-object", Test::AtLeast(1))],
        NO_EXTENSIONS,
    ),
];

const fn address(form: Form) -> [Prop; 3] {
    [req("value", Kind::Form(form)), opt("resolves_to_refs", MACS), opt("belongs_to_refs", SYSTEMS)]
}

/// Section 6.6.2.
const MIME_PART: Shape = Shape {
    props: &[
        opt("body", Kind::Text),
        opt("body_raw_ref", Kind::Id(Target::Types(&["artifact", "file"]))),
        opt("content_type", Kind::Text),
        opt("content_disposition", Kind::Text),
    ],
    rules: &[rule("email-part", Test::AnyOf(&["body", "body_raw_ref"]))],
};

/// Section 6.17.2.
const REGISTRY_VALUE: Shape = Shape {
    props: &[opt("name", Kind::Text), opt("data", Kind::Text), opt("data_type", Kind::Enum(&v::REGISTRY_DATATYPE))],
    rules: &[rule("empty-object", Test::AtLeast(1))],
};

/// Section 6.18.2.
const X509_EXTENSIONS: Shape = Shape {
    props: &[
        opt("basic_constraints", Kind::Text),
        opt("name_constraints", Kind::Text),
        opt("policy_constraints", Kind::Text),
        opt("key_usage", Kind::Text),
        opt("extended_key_usage", Kind::Text),
        opt("subject_key_identifier", Kind::Text),
        opt("authority_key_identifier", Kind::Text),
        opt("subject_alternative_name", Kind::Text),
        opt("issuer_alternative_name", Kind::Text),
        opt("subject_directory_attributes", Kind::Text),
        opt("crl_distribution_points", Kind::Text),
        opt("inhibit_any_policy", Kind::Text),
        opt("private_key_usage_period_not_before", Kind::Time),
        opt("private_key_usage_period_not_after", Kind::Time),
        opt("certificate_policies", Kind::Text),
        opt("policy_mappings", Kind::Text),
    ],
    rules: &[rule("empty-object", Test::AtLeast(1))],
};
