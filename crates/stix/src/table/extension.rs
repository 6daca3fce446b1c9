//! The extensions that the standard itself defines for four of the observables (sections 6.7, 6.12, 6.13, 6.16).

use super::common::{INT, NATURAL, TEXTS};
use super::vocabulary as v;
use super::{Form, Kind, Rule, Shape, Target, Test, opt, req, rule};

pub(super) const FILES_AND_DIRECTORIES: Kind = Kind::List(&Kind::Id(Target::Types(&["file", "directory"])));
const NOT_EMPTY: &[Rule] = &[rule("empty-object", Test::AtLeast(1))];

pub(super) const OF_FILE: &[(&str, &Shape)] = &[
    ("archive-ext", &ARCHIVE),
    ("ntfs-ext", &NTFS),
    ("pdf-ext", &PDF),
    ("raster-image-ext", &RASTER_IMAGE),
    ("windows-pebinary-ext", &PE_BINARY),
];

pub(super) const OF_NETWORK_TRAFFIC: &[(&str, &Shape)] =
    &[("http-request-ext", &HTTP_REQUEST), ("icmp-ext", &ICMP), ("socket-ext", &SOCKET), ("tcp-ext", &TCP)];

pub(super) const OF_PROCESS: &[(&str, &Shape)] =
    &[("windows-process-ext", &WINDOWS_PROCESS), ("windows-service-ext", &WINDOWS_SERVICE)];

pub(super) const OF_USER_ACCOUNT: &[(&str, &Shape)] = &[("unix-account-ext", &UNIX_ACCOUNT)];

/// Section 6.7.2.
const ARCHIVE: Shape =
    Shape { props: &[req("contains_refs", FILES_AND_DIRECTORIES), opt("comment", Kind::Text)], rules: &[] };

/// Section 6.7.3.
const NTFS: Shape = Shape {
    props: &[opt("sid", Kind::Text), opt("alternate_data_streams", Kind::List(&Kind::Object(&DATA_STREAM)))],
    rules: NOT_EMPTY,
};

const DATA_STREAM: Shape =
    Shape { props: &[req("name", Kind::Text), opt("hashes", Kind::Hashes), opt("size", NATURAL)], rules: &[] };

/// Section 6.7.4.
const PDF: Shape = Shape {
    props: &[
        opt("version", Kind::Text),
        opt("is_optimized", Kind::Bool),
        opt("document_info_dict", Kind::Dict(&Kind::Text)),
        opt("pdfid0", Kind::Text),
        opt("pdfid1", Kind::Text),
    ],
    rules: NOT_EMPTY,
};

/// Section 6.7.5.
const RASTER_IMAGE: Shape = Shape {
    props: &[
        opt("image_height", INT),
        opt("image_width", INT),
        opt("bits_per_pixel", INT),
        opt("exif_tags", Kind::Dict(&Kind::IntOrText)),
    ],
    rules: NOT_EMPTY,
};

/// Section 6.7.6: `pe_type` and at least one more.
const PE_BINARY: Shape = Shape {
    props: &[
        req("pe_type", Kind::Open(&v::PE_BINARY_TYPE)),
        opt("imphash", Kind::Text),
        opt("machine_hex", Kind::Hex),
        opt("number_of_sections", NATURAL),
        opt("time_date_stamp", Kind::TimeToSecond),
        opt("pointer_to_symbol_table_hex", Kind::Hex),
        opt("number_of_symbols", NATURAL),
        opt("size_of_optional_header", NATURAL),
        opt("characteristics_hex", Kind::Hex),
        opt("file_header_hashes", Kind::Hashes),
        opt("optional_header", Kind::Object(&PE_OPTIONAL_HEADER)),
        opt("sections", Kind::List(&Kind::Object(&PE_SECTION))),
    ],
    rules: &[rule("empty-object", Test::AtLeast(2))],
};

const PE_OPTIONAL_HEADER: Shape = Shape {
    props: &[
        opt("magic_hex", Kind::Hex),
        opt("major_linker_version", INT),
        opt("minor_linker_version", INT),
        opt("size_of_code", NATURAL),
        opt("size_of_initialized_data", NATURAL),
        opt("size_of_uninitialized_data", NATURAL),
        opt("address_of_entry_point", INT),
        opt("base_of_code", INT),
        opt("base_of_data", INT),
        opt("image_base", INT),
        opt("section_alignment", INT),
        opt("file_alignment", INT),
        opt("major_os_version", INT),
        opt("minor_os_version", INT),
        opt("major_image_version", INT),
        opt("minor_image_version", INT),
        opt("major_subsystem_version", INT),
        opt("minor_subsystem_version", INT),
        opt("win32_version_value_hex", Kind::Hex),
        opt("size_of_image", NATURAL),
        opt("size_of_headers", NATURAL),
        opt("checksum_hex", Kind::Hex),
        opt("subsystem_hex", Kind::Hex),
        opt("dll_characteristics_hex", Kind::Hex),
        opt("size_of_stack_reserve", NATURAL),
        opt("size_of_stack_commit", NATURAL),
        opt("size_of_heap_reserve", NATURAL),
        opt("size_of_heap_commit", NATURAL),
        opt("loader_flags_hex", Kind::Hex),
        opt("number_of_rva_and_sizes", INT),
        opt("hashes", Kind::Hashes),
    ],
    rules: NOT_EMPTY,
};

const PE_SECTION: Shape = Shape {
    props: &[
        req("name", Kind::Text),
        opt("size", NATURAL),
        opt("entropy", Kind::Float(f64::MIN, f64::MAX)),
        opt("hashes", Kind::Hashes),
    ],
    rules: &[],
};

/// Section 6.12.2.
const HTTP_REQUEST: Shape = Shape {
    props: &[
        req("request_method", Kind::Text),
        req("request_value", Kind::Text),
        opt("request_version", Kind::Text),
        opt("request_header", Kind::Dict(&Kind::Header)),
        opt("message_body_length", INT),
        opt("message_body_data_ref", Kind::Id(Target::Types(&["artifact"]))),
    ],
    rules: &[],
};

/// Section 6.12.3.
const ICMP: Shape = Shape { props: &[req("icmp_type_hex", Kind::Hex), req("icmp_code_hex", Kind::Hex)], rules: &[] };

/// Section 6.12.4.
const SOCKET: Shape = Shape {
    props: &[
        req("address_family", Kind::Enum(&v::SOCKET_ADDRESS_FAMILY)),
        opt("is_blocking", Kind::Bool),
        opt("is_listening", Kind::Bool),
        opt("options", Kind::Dict(&INT)),
        opt("socket_type", Kind::Enum(&v::SOCKET_TYPE)),
        opt("socket_descriptor", NATURAL),
        opt("socket_handle", INT),
    ],
    rules: &[],
};

/// Section 6.12.5.
const TCP: Shape =
    Shape { props: &[opt("src_flags_hex", Kind::Hex), opt("dst_flags_hex", Kind::Hex)], rules: NOT_EMPTY };

/// Section 6.13.2.
const WINDOWS_PROCESS: Shape = Shape {
    props: &[
        opt("aslr_enabled", Kind::Bool),
        opt("dep_enabled", Kind::Bool),
        opt("priority", Kind::Form(Form::PriorityClass)),
        opt("owner_sid", Kind::Text),
        opt("windows_title", Kind::Text),
        opt("startup_info", Kind::Dict(&Kind::Any)),
        opt("integrity_level", Kind::Enum(&v::INTEGRITY_LEVEL)),
    ],
    rules: NOT_EMPTY,
};

/// Section 6.13.3.
const WINDOWS_SERVICE: Shape = Shape {
    props: &[
        opt("service_name", Kind::Text),
        opt("descriptions", TEXTS),
        opt("display_name", Kind::Text),
        opt("group_name", Kind::Text),
        opt("start_type", Kind::Enum(&v::SERVICE_START_TYPE)),
        opt("service_dll_refs", Kind::List(&Kind::Id(Target::Types(&["file"])))),
        opt("service_type", Kind::Enum(&v::SERVICE_TYPE)),
        opt("service_status", Kind::Enum(&v::SERVICE_STATUS)),
    ],
    rules: NOT_EMPTY,
};

/// Section 6.16.2.
const UNIX_ACCOUNT: Shape = Shape {
    props: &[opt("gid", INT), opt("groups", TEXTS), opt("home_dir", Kind::Text), opt("shell", Kind::Text)],
    rules: NOT_EMPTY,
};
