//! Who gets an ask: the rule of the country, the chain of fallbacks, the contact. The release decision comes after.
use super::{Group, Index, Input, No, Way};
use crate::ask::State;
use crate::contact::{self, Contact};

/// An organisation chosen, with the claim through which it is reached.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) org: &'a str,
    /// What it is to this ask where the register does not say: `csirt` or `operator`.
    pub(super) kind: &'static str,
    pub(super) contact: &'a Contact,
    /// The silent ask that led here.
    pub(super) follows: Option<&'a str>,
    /// Why this organisation, in words.
    pub(super) chosen: &'static str,
}

type Chosen<'a> = Result<Target<'a>, No>;

/// The addressees of a group, each found or with the reason why not.
pub(super) fn of<'a>(input: &'a Input<'_>, index: &Index<'a>, group: &Group<'a>) -> Vec<Chosen<'a>> {
    let rule = input.rules.of(group.country);
    let own = own_constituency(input, group);
    if group.exposures.iter().any(|e| e.is_count()) {
        return match rule.way {
            Way::None if !own => vec![Err(nobody(group))],
            _ => vec![reach(input, index, group, group.party, "csirt", "it holds the inventory and told of a count")],
        };
    }
    let owner = |chosen| reach(input, index, group, group.party, "operator", chosen);
    if own {
        return vec![owner("it belongs to our own constituency")];
    }
    match rule.way {
        Way::None => vec![Err(nobody(group))],
        Way::Direct => {
            vec![owner("the rule names the owner").or_else(|no| by_csirt(input, index, group).map_err(|_| no))]
        }
        Way::CsirtOnly => vec![by_csirt(input, index, group)],
        Way::Both => vec![by_csirt(input, index, group), owner("the rule names both")],
        Way::CsirtFirst => csirt_first(input, index, group),
    }
}

/// First the CSIRT. The owner follows when the CSIRT's ask fell silent, or when the CSIRT passed it on, so that the owner can
/// answer; at once where no CSIRT is known that could be asked.
fn csirt_first<'a>(input: &'a Input<'_>, index: &Index<'a>, group: &Group<'a>) -> Vec<Chosen<'a>> {
    let by_csirt = by_csirt(input, index, group);
    let Ok(csirt) = by_csirt else {
        if asked_another(index, group) {
            return Vec::new();
        }
        let unreachable = by_csirt.err();
        let owner = reach(input, index, group, group.party, "operator", "no CSIRT can be reached in its country");
        return vec![owner.map_err(|no| unreachable.unwrap_or(no))];
    };
    let mut asked = group.exposures.iter().flat_map(|e| index.known(group.party, &e.vulnerability));
    // Where the first team may not read it another was asked in its place.
    let is_team = |org: &str| group.country.and_then(|c| index.csirts.get(c)).is_some_and(|teams| teams.contains(org));
    let open = asked.find(|k| is_team(&k.addressee) && (k.state == State::Silent || k.forwarded));
    let Some(open) = open else { return vec![Ok(csirt)] };
    let why = match open.forwarded {
        true => "the CSIRT was asked first and passed it on",
        false => "the CSIRT was asked first and its clock ran out",
    };
    let owner = reach(input, index, group, group.party, "operator", why);
    vec![Ok(csirt), owner.map(|target| Target { follows: Some(&open.ask), ..target })]
}

/// A team was asked while it could be reached, and its time is not over or it has spoken: the owner is not asked over its head.
fn asked_another(index: &Index<'_>, group: &Group<'_>) -> bool {
    let known = group.exposures.iter().flat_map(|e| index.known(group.party, &e.vulnerability));
    known
        .into_iter()
        .any(|k| k.addressee != group.party && !matches!(k.state, State::Silent | State::Bounced | State::Closed))
}

/// Whom the rule names next where an addressee may not read what is to be said, as where it cannot be reached: whether an owner is warned does not
/// depend on how its country's team stands with us.
pub(super) fn instead<'a>(
    input: &'a Input<'_>,
    index: &Index<'a>,
    group: &Group<'a>,
    refused: &str,
) -> Option<Target<'a>> {
    if own_constituency(input, group) || group.exposures.iter().any(|e| e.is_count()) {
        return None;
    }
    let chosen = "whom the rule names before may not read this";
    let is_owner = refused == group.party;
    let way = input.rules.of(group.country).way;
    if way == Way::None || is_owner && way != Way::Direct {
        return None;
    }
    let teams = group.country.and_then(|country| index.csirts.get(country)).into_iter().flatten();
    let mut next = teams.filter(|team| is_owner || **team > refused);
    let team = next.find_map(|team| reach(input, index, group, team, "csirt", chosen).ok());
    let owner = || reach(input, index, group, group.party, "operator", chosen).ok();
    team.or_else(|| (way == Way::CsirtFirst).then(owner).flatten())
}

fn own_constituency(input: &Input<'_>, group: &Group<'_>) -> bool {
    let home = input.orgs.get(input.home).and_then(|c| c.country.as_deref());
    group.party == input.home || (home.is_some() && home == group.country)
}

fn by_csirt<'a>(input: &'a Input<'_>, index: &Index<'a>, group: &Group<'a>) -> Chosen<'a> {
    let known = group.country.and_then(|c| index.csirts.get(c));
    let Some(csirts) = known else {
        let reason = match group.country {
            Some(place) => {
                format!("no CSIRT of {place} is known; import it as a partner of kind csirt, with a contact")
            }
            None => "its country is not known; give it in the inventory".to_owned(),
        };
        return Err(No::new("no-csirt", reason));
    };
    let chosen = "it is the CSIRT of the country";
    let mut reached = csirts.iter().map(|org| reach(input, index, group, org, "csirt", chosen));
    let first = reached.next().unwrap_or_else(|| Err(No::new("no-csirt", "no CSIRT is known")));
    first.or_else(|no| reached.find_map(Result::ok).ok_or(no))
}

/// The best claim for an organisation. A compromised victim is never reached through its own mail domain.
fn reach<'a>(
    input: &'a Input<'_>,
    index: &Index<'a>,
    group: &Group<'a>,
    org: &'a str,
    kind: &'static str,
    chosen: &'static str,
) -> Chosen<'a> {
    let claims = index.contacts.get(org).map_or(&[][..], Vec::as_slice);
    let victim = org == group.party && group.exposures.iter().any(|e| e.compromised);
    let safe = if victim { contact::outside_own_domains(claims) } else { claims.to_vec() };
    if victim && safe.is_empty() && !claims.is_empty() {
        let reason =
            format!("{org} is compromised and only its own mail is known; add a contact with the role out-of-band");
        return Err(No::new("own-mail-domain", reason));
    }
    match contact::best(safe, input.on) {
        Some(contact) => Ok(Target { org, kind, contact, follows: None, chosen }),
        None if claims.is_empty() => Err(No::new("no-contact", format!("no contact of {org} is known; import one"))),
        None => Err(No::new("no-contact", format!("mail to each contact of {org} came back; verify one"))),
    }
}

fn nobody(group: &Group<'_>) -> No {
    let place = group.country.unwrap_or("an unknown country");
    No::new("country-rule", format!("the rule of {place} is that nobody is asked"))
}
