//! Ids that the standard publishes with its examples (STIX 2.1 section 6), and what is said of other ids.

use super::*;

/// Each line is an object as the standard prints it, as far as its id rests on it. Its objects that are identified by references are
/// left out: their printed ids were made before the ids of what they refer to were made anew.
const PUBLISHED: &str = r#"
{"id":"autonomous-system--3aa27478-50b5-5ab8-9da9-cdc12b657fff","number":15139,"name":"Slime Industries"}
{"id":"directory--0a58d0c1-59e6-5afd-8252-dcd3f13e5622","path":"C:\\Windows\\System32"}
{"id":"domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7","value":"example.com","resolves_to_refs":["ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"]}
{"id":"email-addr--7165e2a9-671f-585d-b1e1-ca59c671d934","value":"john@example.com","display_name":"John Doe"}
{"id":"file--949eb97a-da1e-5292-8959-03c4249dc9f3","hashes":{"SHA-256":"fe90a7e910cb3a4739bed9180e807e93fa70c90f25a8915476f5e4bfbac681db"},"size":25536,"name":"foo.dll"}
{"id":"file--7d1e3a18-89e7-5bc5-be36-9879f5b7f5c8","hashes":{"SHA-256":"841a8921140aba50671ebb0770fecc4ee308c4952cfeff8de154ab14eeef4649"},"name":"quêry.dll","name_enc":"windows-1252"}
{"id":"file--ba04c974-3cef-5f42-adc7-084d467874e2","hashes":{"SHA-256":"35a01331e9ad96f751278b891b6ea09699806faedfa237d40513d92ad1b7100f"},"extensions":{"ntfs-ext":{"alternate_data_streams":[{"name":"second.stream","size":25536}]}}}
{"id":"file--66772174-3442-5e0d-b577-4bd7be55fb87","name":"picture.jpg","hashes":{"SHA-256":"4bac27393bdd9777ce02453256c5577cd02275510b2227f473d03f533924f877"},"extensions":{"raster-image-ext":{"exif_tags":{"Make":"Nikon","Model":"D7000","XResolution":4928,"YResolution":3264}}}}
{"id":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","value":"198.51.100.3"}
{"id":"ipv4-addr--1ea47840-aa39-5aa8-b4a2-cd203eb6662a","value":"198.51.100.0/24"}
{"id":"ipv6-addr--85a85a8c-ee99-5722-946d-3c3a3270fc6f","value":"2001:0db8:85a3:0000:0000:8a2e:0370:7334"}
{"id":"mac-addr--757b1725-9903-54f5-a855-1240691d7659","value":"d2:fb:49:24:37:18"}
{"id":"mutex--f93fe911-e545-5239-b9b0-597840d0c871","name":"__CLEANSWEEP__"}
{"id":"software--710b0b41-d4d0-5d6c-a400-fc9254554ffc","name":"Word","cpe":"cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*","version":"2002","vendor":"Microsoft"}
{"id":"url--47c3cf9a-5027-5bf0-997a-017c7edc7c55","value":"https://example.com/research/index.html"}
{"id":"user-account--f94d689e-707d-58c3-b803-c720bb6ed096","user_id":"1001","account_login":"jdoe","account_type":"unix","display_name":"John Doe"}
{"id":"windows-registry-key--1884b770-b679-522a-a9c7-45fadaaec7bb","key":"HKEY_LOCAL_MACHINE\\System\\Foo\\Bar"}
{"id":"windows-registry-key--f6a11ddf-fa2b-54c8-97ab-e7f28413095a","key":"hkey_local_machine\\system\\bar\\foo","values":[{"name":"Foo","data":"qwerty","data_type":"REG_SZ"},{"name":"Bar","data":"42","data_type":"REG_DWORD"}]}
{"id":"x509-certificate--bf86f034-2390-54d7-8426-d08433db3fbe","serial_number":"36:f7:d4:32:f4:ab:70:ea:d3:ce:98:6e:ea:99:93:49:32:0a:b7:06","issuer":"x"}
"#;

#[test]
fn published_ids_are_computed_again() {
    for line in PUBLISHED.lines().filter(|line| !line.is_empty()) {
        let object = Object::read(line.as_bytes()).unwrap();
        let id = object.text("id").unwrap();
        let (kind, _) = id::split(&id).unwrap();
        assert_eq!(identifier(kind, &object).as_deref(), Some(id.as_str()));
    }
}

/// The properties that are references, times and ports; the ids were computed by another implementation of both algorithms.
#[test]
fn references_take_part() {
    let made = |kind: &str, text: &str| identifier(kind, &Object::read(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(
        made(
            "network-traffic",
            r#"{"protocols":["ipv4","tcp"],"src_port":3372,"dst_ref":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","start":"2020-01-01T00:00:00Z","src_packets":3}"#
        ),
        "network-traffic--b658f10e-434c-598b-8a14-b6ffd85c467a"
    );
    assert_eq!(
        made(
            "email-message",
            r#"{"from_ref":"email-addr--7165e2a9-671f-585d-b1e1-ca59c671d934","subject":"Grüße","is_multipart":false,"body":"a\nb"}"#
        ),
        "email-message--7fe05cec-dcbc-5321-bf55-2e80abd059ba"
    );
    assert_eq!(
        made(
            "file",
            r#"{"name":"x.exe","extensions":{"windows-pebinary-ext":{"pe_type":"exe","sections":[{"name":"CODE","entropy":0.061089}]}}}"#
        ),
        "file--c721c996-6b76-564a-a6f1-25ad6a0fb8e4"
    );
}

#[test]
fn one_hash_is_picked_in_order() {
    let made = |hashes: &str| {
        let text = format!(r#"{{"hashes":{{{hashes}}}}}"#);
        identifier("file", &Object::read(text.as_bytes()).unwrap()).unwrap()
    };
    let md5 = r#""MD5":"a92e5b2bae0b4b3a3d81c85610b95cd4""#;
    assert_eq!(made(md5), made(&format!(r#""SHA-256":"00",{md5},"AAA":"x""#)));
    assert_eq!(made(r#""TLSH":"x","SSDEEP":"y""#), made(r#""SSDEEP":"y""#), "else the first by name");
    assert_ne!(made(md5), made(r#""SHA-256":"00""#));
}

#[test]
fn nothing_to_identify() {
    let object = |text: &'static str| Object::read(text.as_bytes()).unwrap();
    assert_eq!(identifier("process", &object(r#"{"pid":1}"#)), None);
    assert_eq!(identifier("email-message", &object(r#"{"is_multipart":true}"#)), None);
    assert_eq!(identifier("tool", &object(r#"{"name":"x"}"#)), None);
}
