//! What a role may do: one exhaustive table. Whether a given object may be *seen* is [`crate::release`]; whether a given
//! person may be the *second* one is for the stage that asks. A verb that is not here cannot be asked for.
use crate::role::Role;
use std::fmt;

/// Something a person may want to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Read collections, pages and lists, as far as the release decision lets each thing pass.
    Read,
    /// Give objects to a collection that one's organisation may write.
    Contribute,
    /// Bring in files: advisories, inventories, tables.
    Import,
    /// Make collections, give and take rights.
    ManageCollections,
    /// Add people, organisations, agreements, keys.
    ManagePartners,
    /// Sign and load packs.
    ManagePacks,
    /// Say that a partner is trusted, and why.
    Trust,
    /// Ask what fails when something fails.
    WhatIf,
    /// Read the ranked register of what the nation depends on: single points of failure, criticality.
    ReadTargets,
    /// Export the signed rules for matching at home.
    ExportRules,
    /// Plan asks.
    PlanAsks,
    /// Send what is planned and not held.
    SendAsks,
    /// Let a held ask go, or stop it, as the second person.
    ApproveAsks,
    /// Answer an ask that went to one's own organisation.
    AnswerOwn,
    /// Record an answer that came by telephone or letter.
    RecordAnswer,
    /// Decide what lies in review.
    Review,
    /// Compute and explain measures.
    Measure,
    /// Verify the ledger, read checkpoints and the main tree's root.
    Verify,
    /// Rebuild, checkpoint, move: work on the store itself.
    Maintain,
    /// Propose that something is taken out for good, and let it go as the second person.
    Purge,
    /// Write into a review of the plan: what happened, what was decided, what stood in the way.
    WriteReview,
    /// Open a review, show each partner what is said of it, freeze the figures.
    HoldReview,
    /// Vouch for a frozen review.
    AttestReview,
}

impl Verb {
    /// All verbs, in the order of the table.
    pub const ALL: [Verb; 23] = [
        Verb::Read,
        Verb::Contribute,
        Verb::Import,
        Verb::ManageCollections,
        Verb::ManagePartners,
        Verb::ManagePacks,
        Verb::Trust,
        Verb::WhatIf,
        Verb::ReadTargets,
        Verb::ExportRules,
        Verb::PlanAsks,
        Verb::SendAsks,
        Verb::ApproveAsks,
        Verb::AnswerOwn,
        Verb::RecordAnswer,
        Verb::Review,
        Verb::Measure,
        Verb::Verify,
        Verb::Maintain,
        Verb::Purge,
        Verb::WriteReview,
        Verb::HoldReview,
        Verb::AttestReview,
    ];

    /// The verb in words, to stand after "may".
    pub fn words(self) -> &'static str {
        match self {
            Verb::Read => "read what is released to it",
            Verb::Contribute => "give objects to a collection",
            Verb::Import => "import files",
            Verb::ManageCollections => "manage collections",
            Verb::ManagePartners => "manage partners",
            Verb::ManagePacks => "manage packs",
            Verb::Trust => "say who is trusted",
            Verb::WhatIf => "run a what-if",
            Verb::ReadTargets => "read what the nation depends on most",
            Verb::ExportRules => "export rules for matching at home",
            Verb::PlanAsks => "plan asks",
            Verb::SendAsks => "send asks",
            Verb::ApproveAsks => "approve or reject asks",
            Verb::AnswerOwn => "answer asks to its organisation",
            Verb::RecordAnswer => "record an answer for somebody else",
            Verb::Review => "decide what lies in review",
            Verb::Measure => "compute measures",
            Verb::Verify => "verify the ledger",
            Verb::Maintain => "maintain the store",
            Verb::Purge => "propose and approve purges",
            Verb::WriteReview => "write into a review",
            Verb::HoldReview => "hold a review",
            Verb::AttestReview => "vouch for a review",
        }
    }
}

/// Yes or no, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The role may.
    pub allowed: bool,
    /// In words.
    pub because: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.because)
    }
}

/// Whether `role` may `verb`.
pub fn may(role: Role, verb: Verb) -> Verdict {
    let roles = who_may(verb);
    let allowed = roles.contains(&role);
    let list = roles.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", ");
    let because = match allowed {
        true => format!("the role {role} may {}", verb.words()),
        false => format!("the role {role} may not {}; {list} may", verb.words()),
    };
    Verdict { allowed, because }
}

/// The table. Admin keeps the hub but does not warn and does not see the target list; auditor changes nothing.
fn who_may(verb: Verb) -> &'static [Role] {
    use Role::{Admin, Analyst, Auditor, Operator, Partner};
    match verb {
        Verb::Read => &[Admin, Operator, Analyst, Partner, Auditor],
        Verb::Contribute => &[Admin, Operator, Analyst, Partner],
        Verb::Import => &[Admin, Operator, Analyst],
        Verb::ManageCollections => &[Admin],
        Verb::ManagePartners => &[Admin],
        Verb::ManagePacks => &[Admin],
        Verb::Trust => &[Admin, Operator],
        Verb::WhatIf => &[Operator, Analyst],
        Verb::ReadTargets => &[Operator, Analyst],
        Verb::ExportRules => &[Admin, Operator, Analyst],
        Verb::PlanAsks => &[Operator, Analyst],
        Verb::SendAsks => &[Operator],
        Verb::ApproveAsks => &[Admin, Operator],
        Verb::AnswerOwn => &[Operator, Partner],
        Verb::RecordAnswer => &[Operator, Analyst],
        Verb::Review => &[Operator, Analyst],
        Verb::Measure => &[Admin, Operator, Analyst, Auditor],
        Verb::Verify => &[Admin, Operator, Auditor],
        Verb::Maintain => &[Admin],
        Verb::Purge => &[Admin, Operator],
        Verb::WriteReview => &[Admin, Operator, Analyst],
        Verb::HoldReview => &[Admin, Operator],
        Verb::AttestReview => &[Admin, Operator, Auditor],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn table() {
        let mut out = String::new();
        for verb in Verb::ALL {
            let row: String = Role::ALL.iter().map(|&r| if may(r, verb).allowed { " x" } else { " ." }).collect();
            writeln!(out, "{row}  {}", verb.words()).unwrap();
        }
        insta::assert_snapshot!(out, @"
         x x x x x  read what is released to it
         x x x x .  give objects to a collection
         x x x . .  import files
         x . . . .  manage collections
         x . . . .  manage partners
         x . . . .  manage packs
         x x . . .  say who is trusted
         . x x . .  run a what-if
         . x x . .  read what the nation depends on most
         x x x . .  export rules for matching at home
         . x x . .  plan asks
         . x . . .  send asks
         x x . . .  approve or reject asks
         . x . x .  answer asks to its organisation
         . x x . .  record an answer for somebody else
         . x x . .  decide what lies in review
         x x x . x  compute measures
         x x . . x  verify the ledger
         x . . . .  maintain the store
         x x . . .  propose and approve purges
         x x x . .  write into a review
         x x . . .  hold a review
         x x . . x  vouch for a review
        ");
    }

    #[test]
    fn reasons() {
        assert_eq!(may(Role::Auditor, Verb::Read).because, "the role auditor may read what is released to it");
        assert_eq!(may(Role::Admin, Verb::SendAsks).because, "the role admin may not send asks; operator may");
    }

    #[test]
    fn each_verb_once() {
        let distinct: std::collections::BTreeSet<_> = Verb::ALL.into_iter().collect();
        assert_eq!(distinct.len(), Verb::ALL.len());
    }
}
