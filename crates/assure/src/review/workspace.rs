//! A review as it stands: every act on it in order, and what they come to.
use std::collections::{BTreeMap, BTreeSet};

use ledger::{Micros, Result, Tx};
use serde::{Deserialize, Serialize};

use crate::period::Period;
use crate::review::{
    ATTESTERS, Act, FROZEN, Frozen, Matter, REPLY, REPLY_DAYS, REVIEW, ReplyMeta, ReviewMeta, SHOWN, Said, ShownMeta,
    Written, working_days_after,
};

/// Where a review is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Texts are written; figures are as of now.
    Open,
    /// Each partner was shown its own, and may reply.
    Shown,
    /// The figures stand.
    Frozen,
    /// Two vouched for them: nothing is written into it any more.
    Attested,
}

impl Stage {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Open => "open",
            Stage::Shown => "shown",
            Stage::Frozen => "frozen",
            Stage::Attested => "attested",
        }
    }
}

/// Something with its instant and who did it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Done<T> {
    /// When.
    pub at: Micros,
    /// By whom.
    pub by: String,
    /// Its entry in the ledger.
    pub entry: i64,
    /// What.
    #[serde(flatten)]
    pub what: T,
}

/// The instant as of which the figures are known, and the packs by which they are computed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cut {
    /// As of which instant.
    pub known_as_of: Micros,
    /// Kind and name → digest.
    pub packs: BTreeMap<String, String>,
}

/// Somebody vouched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vouched {
    /// For which claim.
    pub claim: String,
    /// What was looked at.
    pub note: String,
}

/// A review.
#[derive(Clone, Debug, Serialize)]
pub struct Workspace {
    /// Its period.
    pub review: Period,
    /// When it began, and by whom.
    pub opened: Micros,
    /// By whom.
    pub by: String,
    /// The seed of the sample.
    pub seed: String,
    /// The last cut.
    pub cut: Option<Done<Cut>>,
    /// What each partner was last shown, by key, with when.
    #[serde(skip)]
    pub shown: BTreeMap<String, (Micros, Vec<Said>)>,
    /// What was written, in order.
    pub written: Vec<Done<Written>>,
    /// What partners replied, in order.
    pub replies: Vec<(Micros, ReplyMeta)>,
    /// The claim.
    #[serde(skip)]
    pub frozen: Option<Done<Frozen>>,
    /// Who vouches.
    pub attested: Vec<Done<Vouched>>,
}

impl Workspace {
    /// Where it is.
    pub fn stage(&self) -> Stage {
        match (&self.frozen, &self.cut) {
            (Some(_), _) if self.attested.len() >= ATTESTERS => Stage::Attested,
            (Some(_), _) => Stage::Frozen,
            (None, Some(_)) => Stage::Shown,
            (None, None) => Stage::Open,
        }
    }

    /// The first day on which it may be frozen; nothing before the partners were shown their own.
    pub fn freeze_from(&self) -> Option<i64> {
        let cut = self.cut.as_ref()?;
        let day = cut.at.day_number();
        let nobody = self.shown.is_empty();
        Some(if nobody { day } else { working_days_after(day, REPLY_DAYS) })
    }

    /// As of which instant its figures are known: when it was cut, else now.
    pub fn known_as_of(&self, now: Micros) -> Micros {
        self.cut.as_ref().map_or(now, |cut| cut.what.known_as_of)
    }

    /// The last narrative on an objective; on the whole where it is empty.
    pub fn narrative<'a>(&'a self, objective: &'a str) -> Option<&'a Done<Written>> {
        self.of(Matter::Narrative, objective).last()
    }

    /// All of one matter on an objective, in order.
    pub fn of<'a>(&'a self, matter: Matter, objective: &'a str) -> impl Iterator<Item = &'a Done<Written>> {
        self.written.iter().filter(move |w| w.what.matter == matter && w.what.objective == objective)
    }
}

/// The reviews, the last period first.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Workspace>> {
    let names: BTreeSet<String> = tx
        .all("SELECT review FROM @plan_review GROUP BY review ORDER BY review", &[], |r| r.text(0).to_owned())?
        .into_iter()
        .collect();
    let mut all = Vec::new();
    for name in &names {
        all.extend(read(tx, name)?);
    }
    all.sort_by_key(|one| std::cmp::Reverse((one.review.until(), one.review.from())));
    Ok(all)
}

/// One review by its period; nothing where none was opened.
pub fn read(tx: &mut Tx<'_>, review: &str) -> Result<Option<Workspace>> {
    let sql = "SELECT idx, kind, known, meta FROM @plan_review WHERE review = $1 ORDER BY idx";
    let acts =
        tx.all(sql, &[review.into()], |r| (r.int(0), r.text(1).to_owned(), r.micros(2), r.text(3).to_owned()))?;
    let mut found: Option<Workspace> = None;
    for (entry, kind, at, meta) in acts {
        match kind.as_str() {
            REVIEW => {
                let Ok(meta) = serde_json::from_str::<ReviewMeta>(&meta) else { continue };
                match (&mut found, meta.act) {
                    (None, Act::Opened { seed }) => found = Some(begun(meta.review, at, meta.by, seed)),
                    (Some(one), act) => one.act(at, meta.by, entry, act),
                    (None, _) => {}
                }
            }
            SHOWN => {
                if let (Some(one), Ok(meta)) = (&mut found, serde_json::from_str::<ShownMeta>(&meta)) {
                    one.shown.insert(meta.org, (at, meta.lines));
                }
            }
            REPLY => {
                if let (Some(one), Ok(meta)) = (&mut found, serde_json::from_str(&meta)) {
                    one.replies.push((at, meta));
                }
            }
            FROZEN => {
                if let (Some(one), Ok(what)) = (&mut found, serde_json::from_str::<Frozen>(&meta)) {
                    one.frozen = Some(Done { at, by: what.by.clone(), entry, what });
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn begun(review: Period, opened: Micros, by: String, seed: String) -> Workspace {
    Workspace {
        review,
        opened,
        by,
        seed,
        cut: None,
        shown: BTreeMap::new(),
        written: Vec::new(),
        replies: Vec::new(),
        frozen: None,
        attested: Vec::new(),
    }
}

impl Workspace {
    fn act(&mut self, at: Micros, by: String, entry: i64, act: Act) {
        match act {
            Act::Opened { .. } => {}
            Act::Cut { at: known_as_of, packs } => {
                // who is no longer named was shown something else: nothing of it stands
                self.shown.clear();
                self.cut = Some(Done { at, by, entry, what: Cut { known_as_of, packs } });
            }
            Act::Written(what) => self.written.push(Done { at, by, entry, what }),
            Act::Attested { claim, note } => {
                self.attested.push(Done { at, by, entry, what: Vouched { claim, note } });
            }
        }
    }
}
