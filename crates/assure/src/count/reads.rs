//! What a text reads: kinds of records, the day, and perhaps more. What reads records alone counts the same on a day for as long as no record of those
//! kinds changes.
use std::collections::BTreeSet;

use crate::count::check::PARTNER;
use crate::count::{Expr, Operand, Path, Program, Source, Via, When};
use crate::record::facts::PRIORITY;

/// What a text reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Kinds of records, organisations among them.
    pub kinds: BTreeSet<String>,
    /// The day of whoever asks.
    pub day: bool,
    /// Trust, or what passes between an organisation and us.
    pub more: bool,
}

impl Program {
    /// Read off its text.
    pub fn reads(&self) -> Reads {
        let mut reads =
            Reads { kinds: BTreeSet::from([self.each.clone()]), more: self.each == PARTNER, ..Reads::default() };
        if let When::During(path) = &self.when {
            reads.path(path);
        }
        self.with.iter().for_each(|(_, path)| reads.path(path));
        self.once.iter().for_each(|path| reads.path(path));
        self.weight.iter().for_each(|weight| reads.operand(weight));
        let tests = self.population.iter().chain(&self.counting).map(|test| &test.expr);
        let others = self.out.iter().map(|(expr, _)| expr).chain(self.beside.iter().map(|(_, expr)| expr));
        tests.chain(others).for_each(|expr| reads.expr(expr));
        reads
    }
}

impl Reads {
    fn path(&mut self, path: &Path) {
        for (n, via) in path.via.iter().enumerate() {
            match via {
                Via::Record(kind) => drop(self.kinds.insert(kind.clone())),
                // its key alone stands in the record
                Via::Org if n + 1 < path.names.len() => drop(self.kinds.insert(PARTNER.to_owned())),
                Via::Org | Via::Value => {}
            }
        }
        // a name may be of an organisation in a list: what is there called as what changes counts as that
        self.more |= path.names.iter().any(|name| crate::organisations::CHANGES.contains(&name.as_str()));
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Path(path) => self.path(path),
            // a period that still runs ends today
            Operand::PeriodEnd | Operand::Today => self.day = true,
            Operand::Shift(inner, _) => self.operand(inner),
            Operand::Sum(left, _, right) => {
                self.operand(left);
                self.operand(right);
            }
            Operand::Text(_) | Operand::Number(_) | Operand::Day(_) | Operand::Flag(_) | Operand::PeriodStart => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Or(parts) | Expr::And(parts) => parts.iter().for_each(|part| self.expr(part)),
            Expr::Not(inner) => self.expr(inner),
            Expr::Is(left, right)
            | Expr::Has(left, right)
            | Expr::Order(left, _, right)
            | Expr::Within(left, _, _, right) => {
                self.operand(left);
                self.operand(right);
            }
            Expr::OneOf(left, of) => {
                self.operand(left);
                of.iter().for_each(|one| self.operand(one));
            }
            Expr::Known(operand) | Expr::InPeriod(operand) | Expr::Stands(operand, _) => self.operand(operand),
            Expr::Trusted(..) => self.more = true,
            Expr::Prioritised(entity, day) => {
                self.kinds.insert(PRIORITY.to_owned());
                self.operand(entity);
                self.operand(day);
            }
            Expr::Some(_, source, inner) => {
                match source {
                    Source::Field(path) => self.path(path),
                    Source::Whose { kind, .. } => drop(self.kinds.insert(kind.clone())),
                }
                inner.iter().for_each(|inner| self.expr(inner));
            }
        }
    }
}
