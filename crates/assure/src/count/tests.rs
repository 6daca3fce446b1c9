//! The language on invented records: what is counted, what is not and why, and what is refused when it is written.
use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;
use ledger::Micros;

use crate::count::eval;
use crate::facts::{Facts, View};
use crate::period::Period;
use crate::record::definition::{Catalogue, Definition};
use crate::record::facts::{Book, Unit};
use crate::record::value::{Stored, Value, day};
use crate::seen::Table;

/// Two kinds of records, one of which names the other.
fn catalogue() -> Catalogue {
    #[derive(serde::Deserialize)]
    struct File {
        record: Vec<Definition>,
    }
    let text = r#"
[[record]]
kind = "meeting"
[[record.state]]
name = "planned"
[[record.state]]
name = "held"
[[record.field]]
name = "title"
[[record.field]]
name = "held_on"
type = "day"
[[record.field]]
name = "lead"
type = "org"
[[record.field]]
name = "partners"
type = "orgs"
[[record.field]]
name = "purpose"
type = "choice"
options = ["deter", "protect"]
[[record.field]]
name = "cost"
type = "number"
[[record.field]]
name = "entities"
type = "entities"

[[record]]
kind = "outcome"
[[record.state]]
name = "agreed"
[[record.field]]
name = "meeting"
type = "link"
to = "meeting"
[[record.field]]
name = "also"
type = "links"
to = "meeting"
[[record.field]]
name = "done"
type = "flag"
[[record.field]]
name = "done_on"
type = "day"
"#;
    let mut catalogue = Catalogue::default();
    catalogue.add(toml::from_str::<File>(text).unwrap().record);
    catalogue
}

/// Records as `kind id field=value …`, one a line.
fn units(catalogue: &Catalogue, lines: &str) -> BTreeMap<String, Table> {
    let mut units: BTreeMap<String, Vec<Arc<Unit>>> = BTreeMap::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let (kind, id) = (words.next().unwrap(), words.next().unwrap());
        let mut fields = BTreeMap::from([("id".to_owned(), Value::Text(id.to_owned()))]);
        for (name, text) in words.map(|word| word.split_once('=').unwrap()) {
            let value = match (catalogue.get(kind).and_then(|d| d.field(name)), name) {
                (Some(field), _) => Stored::read(field, text).unwrap().unwrap().value(field.kind),
                (None, "last_in") => Value::Day(day(text).unwrap()),
                (None, _) => Value::Text(text.to_owned()),
            };
            fields.insert(name.to_owned(), value);
        }
        let (kind, id) = (kind.to_owned(), id.to_owned());
        fields.insert("org".to_owned(), Value::Text(id.clone()));
        let unit = Unit { name: id.clone(), kind: kind.clone(), id, fields: fields.into(), ..Unit::default() };
        units.entry(kind).or_default().push(Arc::new(unit));
    }
    units.values_mut().for_each(|units| units.sort_by(|a, b| a.id.cmp(&b.id)));
    units.into_iter().map(|(kind, units)| (kind, Table::of(units))).collect()
}

const WORLD: &str = "
    partner home country=US
    partner fr country=FR last_in=2026-01-20
    partner nl country=NL
    partner us-co country=US
    partner nowhere name=x
    meeting m1 state=held held_on=2026-01-15 lead=home partners=fr;nl purpose=deter cost=10 title=one entities=plc
    meeting m2 state=held held_on=2026-02-15 lead=fr partners=fr purpose=protect cost=2.5 title=two
    meeting m3 state=planned held_on=2026-03-31 partners=nl;us-co title=three
    meeting m4 state=held held_on=2026-04-01 lead=home title=four
    meeting m5 state=held held_on=2026-01-16 lead=home partners=nowhere title=one
    outcome o1 state=agreed meeting=m1 done=yes done_on=2026-03-01
    outcome o2 state=agreed meeting=m1 done=no also=m2;m3
    outcome o3 state=agreed meeting=m2 done_on=2026-02-16
";

#[track_caller]
fn count(text: &str) -> String {
    let catalogue = catalogue();
    let units = units(&catalogue, WORLD);
    let numbers = BTreeMap::from([("threshold".to_owned(), 5.0)]);
    let program = match crate::count::read(text, &catalogue, &numbers) {
        Ok(program) => program,
        Err(faults) => return faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    let (book, facts) = (Book::default(), Facts { home: "US".to_owned(), ..Facts::default() });
    let period: Period = "2026-Q1".parse().unwrap();
    let at: Micros = "2026-03-31".parse().unwrap();
    let view = View { as_of: at, known_as_of: at };
    let ground = eval::Ground::new((&units, &units["partner"]), &book, &facts, "home", view, &period);
    let line = |one: &eval::Judged<'_>| {
        let mark = if one.holds {
            '+'
        } else if one.in_population {
            '-'
        } else {
            ' '
        };
        let beside: String = one.beside.iter().map(|b| if *b { " b" } else { "" }).collect();
        let weight = if one.weight == 1.0 { String::new() } else { format!(" weighs {}", one.weight) };
        let why = if one.holds { String::new() } else { format!(": {}", one.why()) };
        format!("{mark}{}{weight}{beside}{why}", one.key)
    };
    ground.count(&program).iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_counts_and_what_does_not() {
    assert_snapshot!(count("each meeting during period by held_on where state is held once per id counting lead is home"), @r##"
    +m1
    -m2: not so: lead is home
     m3: not so: state is held
    +m5
    "##);
    assert_snapshot!(count("each meeting during period by held_on # a comment\n where state is held and cost >= threshold once per id"), @r##"
    +m1
     m2: not so: cost >= threshold
     m3: not so: state is held
     m5: not known: cost >= threshold
    "##);
    assert_snapshot!(count("each meeting standing at period end leaving out state is planned because \"it did not happen\" once per title counting lead is known"), @r##"
    +one
    +two
     three: left out: it did not happen
    +four
     one: the same as m1: counted once per one
    "##);
    assert_snapshot!(count("each meeting with each guest in partners during period by held_on once per id, guest counting guest is foreign beside near: guest.last_in within 60 days before period end"), @r##"
    +m1, fr
    +m1, nl
    +m2, fr
    +m3, nl
    -m3, us-co: not so: guest is foreign
    -m5, nowhere: not known: guest is foreign
    "##);
    assert_snapshot!(count("each meeting during period by held_on once per id counting some outcome whose meeting is this where (done is yes and done_on after this.held_on)"), @r##"
    +m1
    -m2: not known: some outcome whose meeting is this where (done is yes and done_on after this.held_on)
    -m3: not so: some outcome whose meeting is this where (done is yes and done_on after this.held_on)
    -m5: not so: some outcome whose meeting is this where (done is yes and done_on after this.held_on)
    "##);
    assert_snapshot!(count("each meeting during period by held_on once per id counting no outcome whose also has this"), @r##"
    +m1
    -m2: not so: no outcome whose also has this
    -m3: not so: no outcome whose also has this
    +m5
    "##);
    assert_snapshot!(count("each meeting during period by held_on once per id counting every partners where (it is foreign)"), @r##"
    +m1
    +m2
    -m3: not so: every partners where (it is foreign)
    -m5: not known: every partners where (it is foreign)
    "##);
    assert_snapshot!(count("each meeting during period by held_on once per id weighing cost counting purpose is one of (deter, protect) and not lead is home"), @r##"
    -m1 weighs 10: not so: not lead is home
    +m2 weighs 2.5
     m3: what it weighs is not known
     m5: what it weighs is not known
    "##);
    assert_snapshot!(count("each outcome standing at period end once per id counting meeting.lead.country is US or done_on within 1 day after meeting.held_on"), @r##"
    +o1
    +o2
    +o3
    "##);
    assert_snapshot!(count("each partner standing at period end once per org counting last_in in period"), @r##"
    +fr
    -nl: not known: last_in in period
    -nowhere: not known: last_in in period
    -us-co: not known: last_in in period
    "##);
    assert_snapshot!(count("each partner standing at period end where country is not US once per org counting at least 2 meeting whose partners has this"), @r##"
    +fr
    +nl
     nowhere: not known: country is not US
     us-co: not so: country is not US
    "##);
}

#[test]
fn what_is_refused_when_it_is_written() {
    assert_snapshot!(count("each metting during period by held_on once per id"), @r##"line 1, column 1: no kind of record is called "metting"; there are partner, meeting, outcome [count-kind]"##);
    assert_snapshot!(count("each meeting during period by held_on counting lead is home"), @"line 1, column 1: nothing says what makes two of them one: add `once per FIELD` [count-no-once]");
    assert_snapshot!(count("each meeting with each guest in partners during period by held_on once per id"), @"line 1, column 1: one unit is made for each guest, and `once per` does not name it: all but one would vanish [count-doubles]");
    assert_snapshot!(count("each meeting during period by title once per id"), @"line 1, column 31: this is a text, not a day [count-type]");
    assert_snapshot!(count("each meeting during period by held_on where purpose is attack once per id"), @r##"line 1, column 56: "attack" is none of deter, protect [count-option]"##);
    assert_snapshot!(count("each meeting during period by held_on where cost is home and title > 3 once per id"), @r##"
    line 1, column 45: this is a number, not an organisation [count-type]
    line 1, column 62: a text has no order: only numbers and days come after others [count-type]
    "##);
    assert_snapshot!(count("each meeting during period by held_on where lead.colour is \"red\" once per id"), @r##"line 1, column 45: an organisation has no "colour"; it has org, name, kind, country, contact_verified, inventory_on, last_in, last_out, agreement_until, key_active, trusted_until [count-field]"##);
    assert_snapshot!(count("each meeting during period by held_on where some outcome whose done is this once per id"), @"line 1, column 50: done of an outcome holds yes or no, which is not what is looked at [count-link]");
    assert_snapshot!(count("each meeting during period by held_on where some outcome whose meeting is this where (cost > 1) once per id"), @r##"line 1, column 87: an outcome has no "cost"; it has meeting, also, done, done_on, and state, tags, evidence, confirmed_by [count-field]"##);
    assert_snapshot!(count("each meeting by held_on"), @"line 1, column 14: say `during period by FIELD` or `standing at period end` [count-when]");
    assert_snapshot!(count("each meeting during period by held_on once per id where lead is home"), @"line 1, column 51: `where` is not expected here; the clauses are, in this order: each, with, during or standing, where, leaving out, once per, weighing, counting, beside [count-clause]");
    assert_snapshot!(count("each meeting during period by held_on leaving out lead is home once per id"), @"line 1, column 64: `once` where `because` is expected [count-word]");
    assert_snapshot!(count("each meeting during period by held_on where (lead is home once per id"), @"line 1, column 59: `once` where `)` is expected [count-word]");
    assert_snapshot!(count("each meeting during period by held_on where title is \"x once per id"), @r##"line 1, column 54: the text is not closed: end it with " [count-text]"##);
    assert_snapshot!(count("each meeting during period by held_on where cost within 3 before today once per id"), @"line 1, column 59: say how many `days` [count-days]");
    assert_snapshot!(count("each meeting; drop table"), @"line 1, column 13: ';' means nothing here [count-sign]");
    assert_snapshot!(count("each meeting during period by held_on where some partners where (some meeting whose partners has this where (some partners where (it is home))) once per id"), @"line 1, column 131: more than 2 conditions on what is linked within one another [count-nested]");
    assert_snapshot!(count(&format!("each meeting during period by held_on where {}lead is home{} once per id", "(".repeat(40), ")".repeat(40))), @"line 1, column 66: more than 20 conditions within one another [count-deep]");
}

#[test]
fn the_shipped_measures_can_be_counted() {
    let packs = crate::shipped::packs().unwrap();
    let mut catalogue = Catalogue::default();
    catalogue.add(crate::record::definition::definitions(&packs[2]).unwrap());
    let plan = crate::pack::Plan::of(&packs[1]).unwrap();
    let counted = plan.all_measures().filter_map(|m| Some((m, crate::measure::program(m, &catalogue)?)));
    let faults: Vec<String> =
        counted.filter_map(|(m, program)| program.err().map(|why| format!("{}: {why}", m.id))).collect();
    assert_eq!(faults, [] as [String; 0]);
    assert_eq!(plan.all_measures().filter(|m| m.count.is_some()).count(), 27);
}

/// Words of the language, names of the records above, and signs.
const WORDS: &str = "each meeting outcome partner with each during period by standing at period end where leaving out because once per weighing \
    counting beside some every no at least 2 whose is this it not and or known unknown home foreign domestic trusted prioritised on one of has in \
    before after within 3 days title held_on lead partners purpose cost entities state id held deter done done_on also meeting.lead.country this.cost \
    it.country org last_in today yes 2026-01-31 1.5 + - * < >= ( ) , : \"x\"";

proptest::proptest! {
    /// Whatever is written is counted or refused, with a place in the text: nothing breaks.
    #[test]
    fn any_text_is_counted_or_refused(
        picks in proptest::collection::vec(0_usize..96, 0..40),
        noise in "[ -~\n]{0,80}",
    ) {
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        let text: Vec<&str> = picks.iter().filter_map(|n| words.get(n % words.len()).copied()).collect();
        let _ = count(&format!("each meeting during period by held_on where {} once per id", text.join(" ")));
        let _ = count(&text.join(" "));
        let _ = count(&noise);
    }
}

/// What the texts of the shipped plans read.
#[test]
fn what_texts_read() {
    let packs = crate::shipped::packs().unwrap();
    let mut catalogue = Catalogue::default();
    for pack in packs.iter().filter(|pack| pack.kind == "records") {
        catalogue.add(crate::record::definition::definitions(pack).unwrap());
    }
    let mut out = String::new();
    for pack in packs.iter().filter(|pack| pack.kind == "plan") {
        let plan = crate::pack::Plan::of(pack).unwrap();
        catalogue.add(plan.records.clone());
        for measure in plan.all_measures() {
            let Some(Ok(program)) = crate::measure::program(measure, &catalogue) else { continue };
            let reads = program.reads();
            let besides =
                [(reads.day, "the day"), (reads.more, "more")].into_iter().filter(|(so, _)| *so).map(|(_, word)| word);
            let all: Vec<&str> = reads.kinds.iter().map(String::as_str).chain(besides).collect();
            out.push_str(&format!("{}: {}\n", measure.id, all.join(", ")));
        }
    }
    assert_snapshot!(out, @r"
    isp:1.1.1: activity, priority
    isp:1.1.2: action, priority
    isp:1.1.3: action, scenario
    isp:1.2.1: activity
    isp:1.3.1: standard, the day
    isp:2.1.1: partner, the day, more
    isp:2.2.1: standard
    isp:2.2.2: evidence-item, pledge, the day
    isp:2.3.1: gap, service
    isp:2.3.2: programme, training
    isp:2.3.3: trainer, the day
    isp:2.3.4: answer, survey
    isp:3.1.1: governance, process-run, the day
    isp:3.2.1: activity, travel
    isp:3.2.2: bulletin, lesson
    isp:3.3.1: role, the day
    isp:3.3.2: answer, survey, travel
    isp:em-1.1: partner, priority, the day, more
    isp:em-1.2: drill, partner, the day, more
    isp:em-1.3.1: standard
    isp:em-1.3.2: standard, the day
    isp:em-2.1: engagement, partner, more
    isp:em-2.2: evidence-item, pledge, the day
    isp:em-2.3: gap, service
    isp:em-3.1: process-run
    isp:em-3.2: activity, duplicate
    isp:em-3.3: role, the day
    ");
}
