//! An ask across a border: its kinds, its states, what may follow what, the answers to it and what they prove. Pure.
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// You are exposed; please act.
    Warn,
    /// Please help or send.
    Request,
    /// Please tell.
    Question,
    /// We will do this for you by then.
    Promise,
    /// Do you agree that we do this?
    Concur,
}

impl Kind {
    /// As written in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Warn => "warn",
            Kind::Request => "request",
            Kind::Question => "question",
            Kind::Promise => "promise",
            Kind::Concur => "concur",
        }
    }
}

/// Where an ask stands. Silence is a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Decided, not yet sent.
    Planned,
    /// Waits for a second person.
    Held,
    /// The second person let it go.
    Approved,
    /// A person stopped it.
    Rejected,
    /// Handed to the channel.
    Sent,
    /// The hub was stopped while handing it over: it may have gone or not. A person decides.
    Unknown,
    /// The other side's mail server confirmed it.
    Delivered,
    /// It came back.
    Bounced,
    /// Somebody there has seen it.
    Acknowledged,
    /// Somebody there has said what is so.
    Answered,
    /// Somebody there says that it is not theirs or not so.
    Disputed,
    /// The clock ran out without a word.
    Silent,
    /// What was asked about is no more.
    Closed,
}

impl State {
    /// All states in the order of a life.
    pub const ALL: [State; 13] = [
        State::Planned,
        State::Held,
        State::Approved,
        State::Rejected,
        State::Sent,
        State::Unknown,
        State::Delivered,
        State::Bounced,
        State::Acknowledged,
        State::Answered,
        State::Disputed,
        State::Silent,
        State::Closed,
    ];

    /// As written in tables and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Planned => "planned",
            State::Held => "held",
            State::Approved => "approved",
            State::Rejected => "rejected",
            State::Sent => "sent",
            State::Unknown => "unknown",
            State::Delivered => "delivered",
            State::Bounced => "bounced",
            State::Acknowledged => "acknowledged",
            State::Answered => "answered",
            State::Disputed => "disputed",
            State::Silent => "silent",
            State::Closed => "closed",
        }
    }

    /// Reads what [`State::as_str`] writes.
    pub fn parse(text: &str) -> Option<State> {
        State::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// Nothing more is expected of anybody.
    pub fn is_over(self) -> bool {
        matches!(self, State::Closed | State::Rejected)
    }

    /// May be handed to a channel.
    pub fn may_send(self) -> bool {
        matches!(self, State::Planned | State::Approved)
    }

    /// It left, and nobody there has said a word yet: its clock runs.
    pub fn clock_runs(self) -> bool {
        matches!(self, State::Sent | State::Unknown | State::Delivered | State::Bounced)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happens to an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Wait for a second person.
    Hold,
    /// The second person says yes.
    Approve,
    /// A person says no.
    Reject,
    /// Handed over.
    Send,
    /// Perhaps handed over.
    Lose,
    /// Confirmed by the other side's mail server.
    Deliver,
    /// Came back.
    Bounce,
    /// Seen.
    Acknowledge,
    /// Answered.
    Answer,
    /// Contradicted.
    Dispute,
    /// The clock ran out.
    FallSilent,
    /// No longer so.
    Close,
}

impl Step {
    /// All steps.
    pub const ALL: [Step; 12] = [
        Step::Hold,
        Step::Approve,
        Step::Reject,
        Step::Send,
        Step::Lose,
        Step::Deliver,
        Step::Bounce,
        Step::Acknowledge,
        Step::Answer,
        Step::Dispute,
        Step::FallSilent,
        Step::Close,
    ];

    /// The verb in words.
    pub fn words(self) -> &'static str {
        match self {
            Step::Hold => "held",
            Step::Approve => "approved",
            Step::Reject => "rejected",
            Step::Send => "sent",
            Step::Lose => "lost sight of",
            Step::Deliver => "delivered",
            Step::Bounce => "bounced",
            Step::Acknowledge => "acknowledged",
            Step::Answer => "answered",
            Step::Dispute => "disputed",
            Step::FallSilent => "silent",
            Step::Close => "closed",
        }
    }
}

/// The state after a step, or why there is none. A word from the other side is never refused once the ask may have reached
/// it; after the close it is recorded and changes nothing.
pub fn next(state: State, step: Step) -> Result<State, String> {
    let left =
        state.clock_runs() || matches!(state, State::Acknowledged | State::Answered | State::Disputed | State::Silent);
    let to = match (step, state) {
        (Step::Hold, State::Planned) => Some(State::Held),
        (Step::Approve, State::Held) => Some(State::Approved),
        (Step::Reject, State::Planned | State::Held | State::Approved) => Some(State::Rejected),
        (Step::Send, State::Planned | State::Approved | State::Unknown | State::Bounced) => Some(State::Sent),
        (Step::Lose, State::Planned | State::Approved | State::Bounced) => Some(State::Unknown),
        (Step::Deliver, State::Sent | State::Unknown) => Some(State::Delivered),
        (Step::Bounce, State::Planned | State::Approved) => Some(State::Bounced),
        (Step::Bounce, State::Sent | State::Unknown | State::Delivered | State::Silent) => Some(State::Bounced),
        (Step::Bounce, State::Bounced) => Some(State::Bounced),
        (Step::Acknowledge, State::Answered | State::Disputed) => Some(state),
        (Step::Acknowledge, _) if left => Some(State::Acknowledged),
        (Step::Answer, _) if left => Some(State::Answered),
        (Step::Dispute, _) if left => Some(State::Disputed),
        (Step::Acknowledge | Step::Answer | Step::Dispute, State::Closed) => Some(State::Closed),
        (Step::FallSilent, _) if state.clock_runs() => Some(State::Silent),
        (Step::Close, _) if !state.is_over() => Some(State::Closed),
        _ => None,
    };
    to.ok_or_else(|| format!("an ask that is {state} cannot be {}", step.words()))
}

/// What an owner or a CSIRT says on the answer page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Seen.
    Acknowledged,
    /// Patched or replaced.
    Fixed,
    /// Taken off the net, or guarded by other means.
    Mitigated,
    /// Will be done.
    Planned,
    /// Needs help.
    NeedHelp,
    /// Passed to whoever must act.
    Forwarded,
    /// Runs it, is not affected.
    NotAffected,
    /// Does not have it.
    NotOurs,
}

impl Answer {
    /// All answers in the order of the buttons.
    pub const ALL: [Answer; 8] = [
        Answer::Acknowledged,
        Answer::Fixed,
        Answer::Mitigated,
        Answer::Planned,
        Answer::NeedHelp,
        Answer::Forwarded,
        Answer::NotAffected,
        Answer::NotOurs,
    ];

    /// As written in forms and in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Answer::Acknowledged => "acknowledged",
            Answer::Fixed => "fixed",
            Answer::Mitigated => "mitigated",
            Answer::Planned => "planned",
            Answer::NeedHelp => "need-help",
            Answer::Forwarded => "forwarded",
            Answer::NotAffected => "not-affected",
            Answer::NotOurs => "not-ours",
        }
    }

    /// Reads what [`Answer::as_str`] writes, and the short names of the answer page's form.
    pub fn parse(text: &str) -> Option<Answer> {
        match text {
            "not_mine" => Some(Answer::NotOurs),
            "false_positive" => Some(Answer::NotAffected),
            "help" => Some(Answer::NeedHelp),
            "forward" => Some(Answer::Forwarded),
            _ => Answer::ALL.into_iter().find(|a| a.as_str() == text),
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Answer::Acknowledged => "seen",
            Answer::Fixed => "fixed",
            Answer::Mitigated => "guarded by other means",
            Answer::Planned => "will be done",
            Answer::NeedHelp => "help is needed",
            Answer::Forwarded => "passed on to whoever must act",
            Answer::NotAffected => "not affected",
            Answer::NotOurs => "not ours",
        }
    }

    /// Nothing more is expected after it.
    pub fn is_final(self) -> bool {
        matches!(self, Answer::Fixed | Answer::Mitigated | Answer::NotAffected | Answer::NotOurs)
    }

    /// What it does to the ask.
    pub fn step(self) -> Step {
        match self {
            Answer::Acknowledged => Step::Acknowledge,
            Answer::Fixed | Answer::Mitigated | Answer::Planned | Answer::NeedHelp | Answer::Forwarded => Step::Answer,
            Answer::NotAffected | Answer::NotOurs => Step::Dispute,
        }
    }
}

/// What a statement is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Evidence {
    /// We say so.
    E0,
    /// The partner says so.
    E1,
    /// The partner says so with an artefact, or its own next inventory confirms it.
    E2,
    /// A source other than the claimant confirms it.
    E3,
    /// An independent party confirms it.
    E4,
}

impl Evidence {
    /// `E0` to `E4`.
    pub fn as_str(self) -> &'static str {
        match self {
            Evidence::E0 => "E0",
            Evidence::E1 => "E1",
            Evidence::E2 => "E2",
            Evidence::E3 => "E3",
            Evidence::E4 => "E4",
        }
    }

    /// Reads what [`Evidence::as_str`] writes.
    pub fn parse(text: &str) -> Option<Evidence> {
        [Evidence::E0, Evidence::E1, Evidence::E2, Evidence::E3, Evidence::E4].into_iter().find(|e| e.as_str() == text)
    }

    /// The level of an answer: ours over the telephone is E0; the partner's own is E1, with a file or a reference E2.
    pub fn of_answer(by_partner: bool, artefact: bool) -> Evidence {
        match (by_partner, artefact) {
            (false, _) => Evidence::E0,
            (true, false) => Evidence::E1,
            (true, true) => Evidence::E2,
        }
    }

    /// The level of a confirmation by data: the claimant's own next inventory, SBOM, VEX or signed answer is E2, anybody
    /// else's is E3.
    pub fn of_confirmation(claimant: &str, source: &str) -> Evidence {
        if claimant == source { Evidence::E2 } else { Evidence::E3 }
    }
}

/// Letters of an ask's reference: no vowels and nothing that is read wrongly over a telephone.
const ALPHABET: &[u8; 30] = b"0123456789BCDFGHJKMNPQRSTVWXYZ";

/// The reference of an ask from its key: 12 signs in three groups, the same for the same key.
pub fn reference(key: &str) -> String {
    let hash = Sha256::digest(key);
    let mut number = hash.iter().take(16).fold(0u128, |n, b| (n << 8) | u128::from(*b));
    let mut out = String::with_capacity(14);
    for place in 0..12 {
        if place % 4 == 0 && place > 0 {
            out.push('-');
        }
        out.push(ALPHABET.get((number % 30) as usize).copied().map_or('0', char::from));
        number /= 30;
    }
    out
}

/// A reference as a person types it: case, blanks and dashes do not matter. `None` where it cannot be one.
pub fn read_reference(typed: &str) -> Option<String> {
    let signs: String = typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let parts: Vec<&str> = [0..4, 4..8, 8..12].into_iter().map(|r| signs.get(r)).collect::<Option<_>>()?;
    // it has no vowels: a word of twelve letters is no reference
    (signs.len() == 12 && signs.bytes().all(|sign| ALPHABET.contains(&sign))).then(|| parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write;

    #[test]
    fn what_may_follow_what() {
        let mut out = String::new();
        for state in State::ALL {
            let to: Vec<_> = Step::ALL
                .into_iter()
                .filter_map(|step| next(state, step).ok().map(|to| format!("{}→{to}", step.words())))
                .collect();
            writeln!(out, "{state}: {}", if to.is_empty() { "nothing".to_owned() } else { to.join(", ") }).unwrap();
        }
        insta::assert_snapshot!(out, @"
        planned: held→held, rejected→rejected, sent→sent, lost sight of→unknown, bounced→bounced, closed→closed
        held: approved→approved, rejected→rejected, closed→closed
        approved: rejected→rejected, sent→sent, lost sight of→unknown, bounced→bounced, closed→closed
        rejected: nothing
        sent: delivered→delivered, bounced→bounced, acknowledged→acknowledged, answered→answered, disputed→disputed, silent→silent, closed→closed
        unknown: sent→sent, delivered→delivered, bounced→bounced, acknowledged→acknowledged, answered→answered, disputed→disputed, silent→silent, closed→closed
        delivered: bounced→bounced, acknowledged→acknowledged, answered→answered, disputed→disputed, silent→silent, closed→closed
        bounced: sent→sent, lost sight of→unknown, bounced→bounced, acknowledged→acknowledged, answered→answered, disputed→disputed, silent→silent, closed→closed
        acknowledged: acknowledged→acknowledged, answered→answered, disputed→disputed, closed→closed
        answered: acknowledged→answered, answered→answered, disputed→disputed, closed→closed
        disputed: acknowledged→disputed, answered→answered, disputed→disputed, closed→closed
        silent: bounced→bounced, acknowledged→acknowledged, answered→answered, disputed→disputed, closed→closed
        closed: acknowledged→closed, answered→closed, disputed→closed
        ");
    }

    #[test]
    fn refusals_are_in_words() {
        assert_eq!(next(State::Held, Step::Send).unwrap_err(), "an ask that is held cannot be sent");
        assert_eq!(next(State::Planned, Step::Answer).unwrap_err(), "an ask that is planned cannot be answered");
    }

    #[test]
    fn words_are_unique_and_read_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        for answer in Answer::ALL {
            assert_eq!(Answer::parse(answer.as_str()), Some(answer));
        }
        assert_eq!(Answer::parse("FIXED"), None);
    }

    #[test]
    fn evidence() {
        assert_eq!(Evidence::of_answer(false, true), Evidence::E0);
        assert_eq!(Evidence::of_answer(true, false), Evidence::E1);
        assert_eq!(Evidence::of_answer(true, true), Evidence::E2);
        assert_eq!(Evidence::of_confirmation("aqua", "aqua"), Evidence::E2);
        assert_eq!(Evidence::of_confirmation("aqua", "cert-pt"), Evidence::E3);
    }

    #[test]
    fn references() {
        insta::assert_snapshot!(reference("aqua/CVE-2024-1"), @"HN3H-RZR6-GVZN");
        assert_eq!(read_reference("k7m3 9qrt-xw2B").as_deref(), Some("K7M3-9QRT-XW2B"));
        assert_eq!(read_reference("k7m3"), None);
        assert_eq!(read_reference("äöüäöü"), None);
        assert_eq!(read_reference("transmission"), None);
    }

    proptest! {
        /// Whatever happens in whatever order: what is held is not sent without approval, and what is over stays over.
        #[test]
        fn no_way_around_the_second_person(steps in proptest::collection::vec(0usize..12, 0..40)) {
            let (mut state, mut held, mut approved) = (State::Planned, false, false);
            for step in steps.into_iter().filter_map(|i| Step::ALL.get(i).copied()) {
                let Ok(to) = next(state, step) else { continue };
                held |= step == Step::Hold;
                approved |= step == Step::Approve;
                prop_assert!(!(step == Step::Send && held && !approved));
                prop_assert!(!(state.is_over() && to != state));
                state = to;
            }
        }

        #[test]
        fn references_read_back(key in ".*") {
            let reference = reference(&key);
            prop_assert_eq!(read_reference(&reference.to_lowercase()), Some(reference));
        }
    }
}
