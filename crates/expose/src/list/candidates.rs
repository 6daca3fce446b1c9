//! Where no inventory speaks, the advisory's own sectors and areas of deployment do: candidates at sector level, status
//! unknown. They are for whom nothing is known, not for whom nothing was found.
//!
//! There may be many: they are kept as numbers into tables of names, and a row is made only of those that are shown.
use super::coverage::{Constituency, constituencies};
use super::{Count, ExposureRow, Filter, Seen, wanted};
use crate::advisory::Marks;
use crate::exploited::EXPLOITED;
use ledger::{Result, Tx};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use stix::Tlp;

/// All candidates that stand.
#[derive(Default)]
pub(super) struct Candidates {
    heads: Vec<Head>,
    places: Vec<Place>,
    vulnerabilities: Vec<Vulnerability>,
    /// By all documents.
    all: Vec<Candidate>,
    /// By some, for those who may not read the rest.
    beneath: Vec<Candidate>,
}

struct Head {
    adv: i64,
    id: String,
    marks: Marks,
    title: String,
    publisher: String,
    known: i64,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    subject: String,
    country: String,
    holder: String,
}

struct Vulnerability {
    id: String,
    exploited: bool,
}

struct Candidate {
    place: usize,
    vulnerability: usize,
    marks: Marks,
    head: usize,
    also: Vec<usize>,
    severity: Option<i64>,
}

/// Who is known and who is not, for placing candidates.
struct World {
    partners: Vec<Constituency>,
    known: BTreeSet<String>,
    exposed: BTreeSet<String>,
}

impl World {
    fn read(tx: &mut Tx<'_>) -> Result<World> {
        let partners = constituencies(tx)?;
        let countries =
            tx.all("SELECT DISTINCT country FROM @asset WHERE country <> '' ORDER BY country", &[], |r| {
                r.text(0).to_owned()
            })?;
        let spoke = partners.iter().filter(|p| p.known).map(|p| p.country.clone());
        let known = countries.into_iter().chain(spoke).collect();
        let sql = "SELECT DISTINCT advisory FROM @exposure WHERE status IS NOT NULL ORDER BY advisory";
        let exposed = tx.all(sql, &[], |r| r.text(0).to_owned())?.into_iter().collect();
        Ok(World { partners, known, exposed })
    }

    /// What a country's own body may know of: another's inventory makes nothing known of it.
    fn told_by_its_own(mut self) -> World {
        self.known = self.partners.iter().filter(|p| p.known).map(|p| p.country.clone()).collect();
        self
    }

    /// A country whose inventory or answer is held has no candidate. What is deployed worldwide stands for each partner of
    /// whom nothing is known; where there is no partner and nobody is exposed, for any country.
    fn places(&self, advisory: &str, country: &str, sector: &str) -> Vec<Place> {
        let place = |country: &str, holder: &str| Place {
            subject: format!("{country}:{sector}"),
            country: if country == "*" { String::new() } else { country.to_owned() },
            holder: holder.to_owned(),
        };
        match country {
            "*" if self.partners.is_empty() && !self.exposed.contains(advisory) => vec![place("*", "")],
            "*" => {
                let silent = self.partners.iter().filter(|p| !p.known && !p.country.is_empty());
                silent.map(|p| place(&p.country, &p.key)).collect()
            }
            one if self.known.contains(one) => Vec::new(),
            one => vec![place(one, self.partners.iter().find(|p| p.country == one).map_or("", |p| p.key.as_str()))],
        }
    }
}

impl Candidates {
    /// By all documents: the newest advisory decides, others also speak of it.
    pub(super) fn by_all(tx: &mut Tx<'_>) -> Result<Candidates> {
        let world = World::read(tx)?;
        Candidates::read(tx, &world, |_| BTreeSet::from([Tlp::Red]))
    }

    /// The rows of those who may read up to each mark.
    pub(super) fn by_each_mark(tx: &mut Tx<'_>) -> Result<Vec<ExposureRow>> {
        let world = World::read(tx)?.told_by_its_own();
        let marks = |heads: &[Head]| heads.iter().flat_map(|h| h.marks.turns()).collect();
        let found = Candidates::read(tx, &world, marks)?;
        Ok(found.beneath.iter().chain(&found.all).filter_map(|c| found.row_of(c)).collect())
    }

    fn read(tx: &mut Tx<'_>, world: &World, marks: impl Fn(&[Head]) -> BTreeSet<Tlp>) -> Result<Candidates> {
        let exploited: BTreeSet<String> = tx
            .all(&format!("SELECT vuln FROM ({EXPLOITED}) x ORDER BY vuln"), &[], |r| r.text(0).to_owned())?
            .into_iter()
            .collect();
        let heads = tx.all(
            "SELECT adv, id, title, publisher, tlp, until, known FROM @advisory ORDER BY released DESC, id, adv",
            &[],
            |r| Head {
                adv: r.int(0),
                id: r.text(1).to_owned(),
                title: r.text(2).to_owned(),
                publisher: r.text(3).to_owned(),
                marks: Marks::of(r.int(4), r.opt_int(5)),
                known: r.int(6),
            },
        )?;
        let mut named: HashMap<i64, Vec<(String, String)>> = HashMap::new();
        tx.each("SELECT adv, country, sector FROM @candidate ORDER BY adv, subject", &[], &mut |r| {
            named.entry(r.int(0)).or_default().push((r.text(1).to_owned(), r.text(2).to_owned()));
            Ok(())
        })?;
        let mut out = Candidates { heads, ..Candidates::default() };
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut spoken: HashMap<i64, Vec<(usize, Option<i64>)>> = HashMap::new();
        tx.each("SELECT adv, vuln, score FROM @advisory_vuln ORDER BY adv, n", &[], &mut |r| {
            let vulnerability = *numbers.entry(r.text(1).to_owned()).or_insert_with(|| {
                out.vulnerabilities
                    .push(Vulnerability { id: r.text(1).to_owned(), exploited: exploited.contains(r.text(1)) });
                out.vulnerabilities.len() - 1
            });
            spoken.entry(r.int(0)).or_default().push((vulnerability, r.opt_int(2)));
            Ok(())
        })?;
        let mut places = BTreeMap::new();
        for mark in marks(&out.heads) {
            let now = out.join(world, &named, &spoken, &mut places, mark);
            out.replace(now, mark);
        }
        Ok(out)
    }

    /// What the advisories say that stand for those who may read up to a mark.
    fn join(
        &mut self,
        world: &World,
        named: &HashMap<i64, Vec<(String, String)>>,
        spoken: &HashMap<i64, Vec<(usize, Option<i64>)>>,
        places: &mut BTreeMap<Place, usize>,
        mark: Tlp,
    ) -> Vec<Candidate> {
        let mut all: Vec<Candidate> = Vec::new();
        let mut found: HashMap<(usize, usize), usize> = HashMap::new();
        for (head, advisory) in self.heads.iter().enumerate().filter(|(_, h)| h.marks.at(mark)) {
            for (country, sector) in named.get(&advisory.adv).into_iter().flatten() {
                for place in world.places(&advisory.id, country, sector) {
                    let place = *places.entry(place.clone()).or_insert_with(|| {
                        self.places.push(place);
                        self.places.len() - 1
                    });
                    for (vulnerability, severity) in spoken.get(&advisory.adv).into_iter().flatten() {
                        let at = *found.entry((place, *vulnerability)).or_insert_with(|| {
                            let candidate = Candidate {
                                place,
                                vulnerability: *vulnerability,
                                marks: Marks { from: mark, until: None },
                                head,
                                also: Vec::new(),
                                severity: *severity,
                            };
                            all.push(candidate);
                            all.len() - 1
                        });
                        if let Some(candidate) =
                            all.get_mut(at).filter(|c| c.head != head && c.also.last() != Some(&head))
                        {
                            candidate.also.push(head);
                        }
                    }
                }
            }
        }
        all
    }

    /// What is so from a mark takes the place of what was so below it, where that differs.
    fn replace(&mut self, mut now: Vec<Candidate>, mark: Tlp) {
        let before = std::mem::take(&mut self.all);
        if !before.is_empty() {
            let at: HashMap<(usize, usize), usize> =
                now.iter().enumerate().map(|(i, c)| ((c.place, c.vulnerability), i)).collect();
            for below in before {
                let above = at.get(&(below.place, below.vulnerability)).and_then(|i| now.get_mut(*i));
                match above.filter(|c| (c.head, &c.also) == (below.head, &below.also)) {
                    Some(same) => same.marks.from = below.marks.from,
                    None => {
                        let marks = Marks { until: Some(mark), ..below.marks };
                        self.beneath.push(Candidate { marks, ..below });
                    }
                }
            }
        }
        self.all = now;
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Those that fit, ranked: how many there are, and the rows of the first ones.
    pub(super) fn rows(&self, filter: &Filter, most: usize) -> (usize, Vec<ExposureRow>) {
        let mut fit: Vec<(&Candidate, &Head, &Place, &Vulnerability)> = self
            .all
            .iter()
            .filter_map(|c| {
                Some((
                    c,
                    self.heads.get(c.head)?,
                    self.places.get(c.place)?,
                    self.vulnerabilities.get(c.vulnerability)?,
                ))
            })
            .filter(|(_, head, place, vulnerability)| {
                let seen = Seen {
                    level: crate::advisory::CANDIDATE_LEVEL.as_str(),
                    status: STATUS,
                    vulnerability: &vulnerability.id,
                    subject: &place.subject,
                    owner: &place.holder,
                    holder: &place.holder,
                    advisory: &head.id,
                    country: &place.country,
                    functions: &[],
                    exploited: vulnerability.exploited,
                };
                wanted(&seen, filter)
            })
            .collect();
        fit.sort_by(|(a, _, p, v), (b, _, q, w)| {
            let key = |c: &Candidate, v: &Vulnerability| (!v.exploited, Reverse(c.severity.unwrap_or(-1)));
            (key(a, v), &v.id, &p.subject).cmp(&(key(b, w), &w.id, &q.subject))
        });
        (fit.len(), fit.into_iter().take(most).map(|(c, head, place, v)| self.row(c, head, place, v)).collect())
    }

    fn row_of(&self, c: &Candidate) -> Option<ExposureRow> {
        let (head, place) = (self.heads.get(c.head)?, self.places.get(c.place)?);
        Some(self.row(c, head, place, self.vulnerabilities.get(c.vulnerability)?))
    }

    fn row(&self, candidate: &Candidate, head: &Head, place: &Place, vulnerability: &Vulnerability) -> ExposureRow {
        let also: BTreeSet<&str> =
            candidate.also.iter().filter_map(|h| self.heads.get(*h)).map(|h| h.id.as_str()).collect();
        ExposureRow {
            level: crate::advisory::CANDIDATE_LEVEL.as_str().to_owned(),
            subject: place.subject.clone(),
            asset: None,
            source: head.publisher.clone(),
            vulnerability: vulnerability.id.clone(),
            advisory: head.id.clone(),
            also: also.into_iter().filter(|id| *id != head.id).map(str::to_owned).collect(),
            status: STATUS.to_owned(),
            tier: String::new(),
            method: "candidate".to_owned(),
            holder: place.holder.clone(),
            count: Count { min: 0, max: None },
            title: head.title.clone(),
            publisher: head.publisher.clone(),
            tlp: head.marks.from.rank(),
            marks: candidate.marks,
            rests_on: candidate.marks.from,
            owner: place.holder.clone(),
            country: place.country.clone(),
            functions: Vec::new(),
            exploited: vulnerability.exploited,
            severity: candidate.severity,
            reason: "no inventory speaks for it; the advisory names the sector and the area of deployment".to_owned(),
            rank: String::new(),
            since: head.known,
        }
    }
}

const STATUS: &str = "unknown";
