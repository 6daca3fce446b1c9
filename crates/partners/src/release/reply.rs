//! The right of reply: whoever a figure speaks of is shown what it says of it, before it is frozen (docs/decisions/0020). That is a declassification by
//! name. It is bounded here: nothing is told that does not name the reader; that it counts or does not is told whatever the mark; what it is called and
//! when it was only where the ordinary decision lets its mark pass.
use jiff::civil::Date;
use stix::Tlp;

use super::{Readers, Recipient, Subject, decide};

/// How much of one line of a figure its subject is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// Nothing: it does not name the reader.
    Nothing,
    /// That it counts or does not, and by which rule.
    Verdict,
    /// Its name and day too.
    Whole,
}

/// What the reader is told of something with this mark that names these organisations. `limited`: only some roles of the operator read such things.
pub fn told(recipient: &Recipient<'_>, names: &[String], tlp: Tlp, limited: bool, on: Date) -> Told {
    if recipient.is_operator || !names.iter().any(|name| name == recipient.org) {
        return Told::Nothing;
    }
    match !limited && decide(&Subject::new(tlp, Readers::Marking), recipient, on).allowed {
        true => Told::Whole,
        false => Told::Verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::Agreement;
    use crate::role::Role;

    #[test]
    fn what_a_subject_is_told() {
        let on: Date = "2025-01-15".parse().unwrap();
        let amber = [Agreement::plain("2024-01-01".parse().unwrap(), None, Tlp::Amber)];
        #[track_caller]
        fn check(agreements: &[Agreement], names: &str, tlp: Tlp, limited: bool, on: Date, told_is: Told) {
            let recipient = Recipient {
                org: "csirt-nl",
                aka: &[],
                kind: "csirt",
                country: Some("NL"),
                is_operator: false,
                role: Role::Partner,
                clearance: None,
                agreements,
            };
            let names: Vec<String> = names.split(' ').map(str::to_owned).collect();
            assert_eq!(told(&recipient, &names, tlp, limited, on), told_is, "{names:?} {tlp}");
        }
        check(&amber, "csirt-ie csirt-nl", Tlp::Amber, false, on, Told::Whole);
        check(&amber, "csirt-ie csirt-nl", Tlp::Red, false, on, Told::Verdict);
        check(&amber, "csirt-nl", Tlp::Amber, true, on, Told::Verdict);
        check(&amber, "csirt-ie", Tlp::Clear, false, on, Told::Nothing);
        // the right does not rest on an agreement
        check(&[], "csirt-nl", Tlp::Amber, false, on, Told::Verdict);
        check(&[], "csirt-nl", Tlp::Clear, false, on, Told::Whole);
    }
}
