//! What came of whom: subjects by topic and week, so that an exchange is weighed by what it says and not by its copies; and the days on
//! which each source sent something, so that one that has stopped is noticed. Folded by the stage of the search, which reads every text anyway.
//!
//! Not for: what a partner fetched. What is weighed on that side is what it may read.
use crate::batch::rows;
use crate::facet::giver_of;
use crate::search::{number, week};
use jiff::civil::Date;
use ledger::{Column, Event, Micros, Result, Tx};
use std::collections::{BTreeMap, BTreeSet};

/// Entries of one side of a balance that are weighed, the newest first, where one organisation is looked at.
pub const WEIGHED_MAX: i64 = 20_000;
/// Gaps between days of arrival from which a rhythm is read.
const GAPS: i64 = 12;
/// Days on which a source must have sent something before it has a rhythm.
const DAYS_MIN: usize = 4;
/// The source of what a person imports without naming one: by hand, and so without a rhythm.
const BY_HAND: [&str; 2] = ["local", "hub"];

/// What an object is about. Relationships, identities and definitions are about nothing by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Vulnerabilities, advisories, lists of exploited ones.
    Vulnerabilities,
    /// Malware and tools.
    Malware,
    /// Techniques and what helps against them.
    Techniques,
    /// Actors, campaigns, incidents.
    Actors,
    /// Indicators and observables.
    Indicators,
    /// Sightings and observed data.
    Sightings,
    /// Reports, notes, opinions.
    Reports,
    /// Infrastructure of adversaries.
    Infrastructure,
}

impl Topic {
    /// All, in the order of their numbers, which stand in stores.
    pub const ALL: [Topic; 8] = [
        Topic::Vulnerabilities,
        Topic::Malware,
        Topic::Techniques,
        Topic::Actors,
        Topic::Indicators,
        Topic::Sightings,
        Topic::Reports,
        Topic::Infrastructure,
    ];

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Topic::Vulnerabilities => "vulnerabilities and advisories",
            Topic::Malware => "malware and tools",
            Topic::Techniques => "techniques and mitigations",
            Topic::Actors => "actors, campaigns, incidents",
            Topic::Indicators => "indicators and observables",
            Topic::Sightings => "sightings",
            Topic::Reports => "reports and notes",
            Topic::Infrastructure => "adversary infrastructure",
        }
    }

    fn of(kind: &str) -> Option<Topic> {
        Some(match kind {
            "vulnerability" | "csaf" | "cve" | "kev" | "eukev" => Topic::Vulnerabilities,
            "malware" | "tool" | "malware-analysis" => Topic::Malware,
            "attack-pattern" | "course-of-action" => Topic::Techniques,
            "threat-actor" | "intrusion-set" | "campaign" | "incident" => Topic::Actors,
            "sighting" | "observed-data" => Topic::Sightings,
            "report" | "grouping" | "note" | "opinion" => Topic::Reports,
            "infrastructure" => Topic::Infrastructure,
            "indicator" => Topic::Indicators,
            other if stix::Class::of(other) == stix::Class::Observable => Topic::Indicators,
            _ => return None,
        })
    }

    fn at(number: i64) -> Option<Topic> {
        usize::try_from(number).ok().and_then(|at| Topic::ALL.get(at)).copied()
    }
}

/// What a run of events brought.
#[derive(Default)]
pub(crate) struct Arrivals {
    subjects: Vec<(i64, i64, i64, i64)>,
    given: Vec<(String, i64)>,
    days: BTreeSet<(String, String)>,
    documents: Vec<(i64, String, String)>,
}

impl Arrivals {
    pub(crate) fn add(&mut self, event: &Event, source: &str, kind: &str, id: &str, called: &str) {
        match event.kind == crate::event::DOCUMENT {
            true => self.documents.push((event.index, source.to_owned(), event.known.day())),
            false => drop(self.days.insert((source.to_owned(), event.known.day()))),
        }
        let Some(topic) = Topic::of(kind) else { return };
        // the same vulnerability, address or tool under two ids is one subject
        let subject = number(&if called.is_empty() { id.to_owned() } else { called.to_lowercase() });
        self.subjects.push((event.index, event.known.0, topic as i64, subject as i64));
        if let Some(giver) = giver_of(source, "") {
            self.given.push((giver.to_owned(), event.index));
        }
    }

    pub(crate) fn end(self, tx: &mut Tx<'_>) -> Result<()> {
        let of = |f: fn(&(i64, i64, i64, i64)) -> i64| Column::Int(self.subjects.iter().map(f).collect());
        let columns = [of(|s| s.0), of(|s| s.1), of(|s| s.2), of(|s| s.3)];
        tx.bulk("INSERT INTO @subject (object, known, topic, subject)", &columns, "")?;
        let columns = [
            Column::Text(self.given.iter().map(|given| given.0.as_str()).collect()),
            Column::Int(self.given.iter().map(|given| given.1).collect()),
        ];
        tx.bulk("INSERT INTO @given (giver, object)", &columns, "")?;
        let columns = [
            Column::Int(self.documents.iter().map(|d| d.0).collect()),
            Column::Text(self.documents.iter().map(|d| d.1.as_str()).collect()),
            Column::Text(self.documents.iter().map(|d| d.2.as_str()).collect()),
        ];
        tx.bulk("INSERT INTO @arrival_document (entry, source, day)", &columns, "")?;
        for (source, day) in self.days {
            let sql = "INSERT INTO @arrival (source, day) VALUES ($1, $2) ON CONFLICT (source, day) DO NOTHING";
            tx.run(sql, &[(&source).into(), (&day).into()])?;
        }
        Ok(())
    }
}

/// Takes an entry out. Of a purged document nothing stays, so that it came is no longer known; of an object there stays the day.
pub(crate) fn forget(tx: &mut Tx<'_>, entry: i64) -> Result<()> {
    tx.run("DELETE FROM @subject WHERE object = $1", &[entry.into()])?;
    tx.run("DELETE FROM @given WHERE object = $1", &[entry.into()])?;
    tx.run("DELETE FROM @arrival_document WHERE entry = $1", &[entry.into()]).map(drop)
}

/// How regularly a source sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// Its name.
    pub source: String,
    /// The beginning of the day (UTC) on which something of it last came.
    pub last: Micros,
    /// Days that usually lie between two days on which something comes; `None` where that is not known yet, or a person imports it.
    pub usual_days: Option<i64>,
    /// Days since the last.
    pub silent_days: i64,
}

impl Rhythm {
    /// It has been silent for more than twice its usual interval, and for two days more than that interval.
    pub fn has_stopped(&self) -> bool {
        self.usual_days.is_some_and(|usual| self.silent_days > usual * 2 && self.silent_days > usual + 2)
    }
}

/// The rhythm of every source as of `now`, by name.
pub fn rhythms(tx: &mut Tx<'_>, now: Micros) -> Result<Vec<Rhythm>> {
    let sources =
        tx.all("SELECT source FROM @arrival UNION SELECT source FROM @arrival_document ORDER BY source", &[], |r| {
            r.text(0).to_owned()
        })?;
    let mut out = Vec::with_capacity(sources.len());
    for source in sources {
        let sql = "SELECT day FROM @arrival WHERE source = $1 UNION SELECT day FROM @arrival_document WHERE source = $1 ORDER BY day DESC LIMIT $2";
        let days = tx.all(sql, &[(&source).into(), (GAPS + 1).into()], |r| r.text(0).parse::<Date>().ok())?;
        let days: Vec<Date> = days.into_iter().flatten().collect();
        let Some(last) = days.first().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok()) else { continue };
        let last = Micros(last.timestamp().as_microsecond());
        let usual_days = usual(&days).filter(|_| !BY_HAND.contains(&source.as_str()));
        let silent_days = (now.0 - last.0) / Micros::DAY;
        out.push(Rhythm { source, last, usual_days, silent_days });
    }
    Ok(out)
}

/// The median of the gaps between these days, newest first.
fn usual(days: &[Date]) -> Option<i64> {
    if days.len() < DAYS_MIN {
        return None;
    }
    let pairs = days.iter().zip(days.iter().skip(1));
    let mut gaps: Vec<i64> = pairs.map(|(later, earlier)| i64::from((*later - *earlier).get_days())).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}

/// How much one side gave and got in one week: subjects, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Week {
    /// Its Monday.
    pub monday: String,
    /// Subjects that the organisation gave.
    pub gave: usize,
    /// Subjects that it could read, of those that it did not give itself.
    pub got: usize,
}

/// The same of one topic over all the weeks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfTopic {
    /// What it is about.
    pub topic: Topic,
    /// Subjects that the organisation gave.
    pub gave: usize,
    /// Subjects that it could read, of those that it did not give itself.
    pub got: usize,
    /// Subjects that came from both sides.
    pub both: usize,
}

/// What passed between this hub and an organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// The weeks, the oldest first.
    pub weeks: Vec<Week>,
    /// The topics in which something passed.
    pub topics: Vec<OfTopic>,
    /// Subjects that it gave, each once.
    pub gave: usize,
    /// Subjects that it got, each once.
    pub got: usize,
    /// Only the newest entries of a side were weighed.
    pub capped: bool,
}

/// Subjects by week and topic.
type Side = BTreeSet<(String, i64, i64)>;

/// The balance of an organisation over the last `weeks` weeks, from `most` entries of each side at most. `own_eyes`: what it gave counts only as far as it can read it back, so that
/// the answer tells it nothing of what became of the rest.
pub fn balance(tx: &mut Tx<'_>, org: &str, now: Micros, weeks: i64, most: i64, own_eyes: bool) -> Result<Balance> {
    let mondays: Vec<String> = (0..weeks).rev().map(|back| week(Micros(now.0 - back * 7 * Micros::DAY))).collect();
    let first = mondays.first().and_then(|monday| monday.parse::<Date>().ok());
    let since = first
        .and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map_or(i64::MAX, |at| at.timestamp().as_microsecond());
    let sql = "SELECT DISTINCT r.view FROM @right_person p JOIN @recipient r ON r.person = p.name WHERE p.org = $1 AND r.level IS NOT NULL ORDER BY r.view";
    let views = tx.all(sql, &[org.into()], |r| r.int(0))?;
    let (gave, full) = given(tx, org, since, most, own_eyes.then_some(&views))?;
    let (got, brim) = readable(tx, org, since, most, &views)?;
    let per_week = |side: &Side, monday: &str| {
        side.iter().filter(|s| s.0 == monday).map(|s| (s.1, s.2)).collect::<BTreeSet<_>>().len()
    };
    let weeks =
        mondays.iter().map(|m| Week { monday: m.clone(), gave: per_week(&gave, m), got: per_week(&got, m) }).collect();
    let flat = |side: &Side| -> BTreeSet<(i64, i64)> { side.iter().map(|s| (s.1, s.2)).collect() };
    let (gave, got) = (flat(&gave), flat(&got));
    let of = |side: &BTreeSet<(i64, i64)>, topic: Topic| side.iter().filter(|s| Topic::at(s.0) == Some(topic)).count();
    let both: BTreeSet<(i64, i64)> = gave.intersection(&got).copied().collect();
    let topics = Topic::ALL.into_iter().map(|topic| OfTopic {
        topic,
        gave: of(&gave, topic),
        got: of(&got, topic),
        both: of(&both, topic),
    });
    Ok(Balance {
        weeks,
        topics: topics.filter(|t| t.gave + t.got > 0).collect(),
        gave: gave.len(),
        got: got.len(),
        capped: full || brim,
    })
}

/// The organisations, beside the operator's own, that have an account or gave something, by key.
pub fn partners(tx: &mut Tx<'_>, home: &str) -> Result<Vec<String>> {
    let mut all: BTreeSet<String> = tx
        .all("SELECT DISTINCT org FROM @right_person ORDER BY org", &[], |r| r.text(0).to_owned())?
        .into_iter()
        .collect();
    all.extend(
        tx.all("SELECT source FROM @arrival UNION SELECT source FROM @arrival_document ORDER BY source", &[], |r| {
            giver_of(r.text(0), home).map(str::to_owned)
        })?
        .into_iter()
        .flatten(),
    );
    all.remove(home);
    Ok(all.into_iter().collect())
}

fn given(tx: &mut Tx<'_>, org: &str, since: i64, most: i64, views: Option<&Vec<i64>>) -> Result<(Side, bool)> {
    let sql = "SELECT s.object, s.known, s.topic, s.subject FROM @given g JOIN @subject s ON s.object = g.object WHERE g.giver = $1 AND s.known >= $2 \
               ORDER BY g.object DESC LIMIT $3";
    let mut all =
        tx.all(sql, &[org.into(), since.into(), most.into()], |r| (r.int(0), r.micros(1), r.int(2), r.int(3)))?;
    let full = all.len() as i64 >= most;
    if let Some(views) = views {
        let objects: Vec<i64> = all.iter().map(|row| row.0).collect();
        let mut seen: BTreeSet<i64> = BTreeSet::new();
        for view in views {
            let sql = "SELECT e.object FROM @subject s CROSS JOIN @view_entry e WHERE s.object IN (*) AND e.view = $1 AND e.object = s.object";
            seen.extend(rows(tx, sql, &[(*view).into()], &objects, &mut |r| r.int(0))?);
        }
        all.retain(|row| seen.contains(&row.0));
    }
    Ok((all.into_iter().map(|(_, known, topic, subject)| (week(known), topic, subject)).collect(), full))
}

fn readable(tx: &mut Tx<'_>, org: &str, since: i64, most: i64, views: &[i64]) -> Result<(Side, bool)> {
    let mut side = Side::new();
    let mut full = false;
    let mut seen: BTreeMap<i64, (Micros, i64, i64)> = BTreeMap::new();
    for view in views {
        let sql = "SELECT e.object, e.added, s.topic, s.subject FROM @view_entry e JOIN @subject s ON s.object = e.object \
                   WHERE e.view = $1 AND e.added >= $2 ORDER BY e.added DESC LIMIT $3";
        let args = [(*view).into(), since.into(), most.into()];
        let rows = tx.all(sql, &args, |r| (r.int(0), (r.micros(1), r.int(2), r.int(3))))?;
        full |= rows.len() as i64 >= most;
        for (object, row) in rows {
            seen.entry(object).or_insert(row);
        }
    }
    let objects: Vec<i64> = seen.keys().copied().collect();
    let sql = "SELECT g.object FROM @subject s CROSS JOIN @given g WHERE s.object IN (*) AND g.giver = $1 AND g.object = s.object";
    for own in rows(tx, sql, &[org.into()], &objects, &mut |r| r.int(0))? {
        seen.remove(&own);
    }
    side.extend(seen.into_values().map(|(added, topic, subject)| (week(added), topic, subject)));
    Ok((side, full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(days: &[&str], expected: Option<i64>) {
        let days: Vec<Date> = days.iter().map(|day| day.parse().unwrap()).collect();
        assert_eq!(usual(&days), expected);
    }

    #[test]
    fn a_rhythm_is_the_median_of_the_gaps() {
        check(&[], None);
        check(&["2024-05-03", "2024-05-02", "2024-05-01"], None);
        check(&["2024-05-04", "2024-05-03", "2024-05-02", "2024-05-01"], Some(1));
        check(&["2024-05-29", "2024-05-22", "2024-05-15", "2024-05-08", "2024-01-08"], Some(7));
    }

    #[test]
    fn when_a_source_has_stopped() {
        let rhythm =
            |usual_days, silent_days| Rhythm { source: "kev".into(), last: Micros(0), usual_days, silent_days };
        for (usual, silent, stopped) in
            [(Some(1), 3, false), (Some(1), 4, true), (Some(7), 14, false), (Some(7), 15, true), (None, 900, false)]
        {
            assert_eq!(rhythm(usual, silent).has_stopped(), stopped, "{usual:?} {silent}");
        }
    }

    #[test]
    fn topics_keep_their_numbers() {
        for (at, topic) in Topic::ALL.into_iter().enumerate() {
            assert_eq!(Topic::at(topic as i64), Some(topic));
            assert_eq!(topic as usize, at);
        }
        assert_eq!(Topic::of("ipv4-addr"), Some(Topic::Indicators));
        assert_eq!(Topic::of("relationship"), None);
    }
}
