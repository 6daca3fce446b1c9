//! One statement for many numbers or ids: a round trip for each batch, not for each value, and one prepared text for every batch.
use ledger::{Result, Row, Tx, Value};

/// Values of one statement: few sizes, so that few texts are prepared. The last value fills up a short batch.
const SIZES: [usize; 3] = [1, 16, 256];

/// Hands over the rows of a statement for these values, which stand for `(*)`, after the arguments in `first`.
pub(crate) fn each<'v, V: Copy + Into<Value<'v>>>(
    tx: &mut Tx<'_>,
    sql: &str,
    first: &[Value<'v>],
    values: &[V],
    f: &mut dyn FnMut(&Row<'_>),
) -> Result<()> {
    batches(sql, first, values, &mut |sql, args| {
        tx.each(sql, args, &mut |row| {
            f(row);
            Ok(())
        })
    })
}

/// The rows of a statement for these values, as [`each`].
pub(crate) fn rows<'v, V: Copy + Into<Value<'v>>, T>(
    tx: &mut Tx<'_>,
    sql: &str,
    first: &[Value<'v>],
    values: &[V],
    f: &mut dyn FnMut(&Row<'_>) -> T,
) -> Result<Vec<T>> {
    let mut out = Vec::new();
    each(tx, sql, first, values, &mut |row| out.push(f(row)))?;
    Ok(out)
}

/// Runs a statement that changes rows for these values, as [`each`]. The values are distinct.
pub(crate) fn run<'v, V: Copy + Into<Value<'v>>>(
    tx: &mut Tx<'_>,
    sql: &str,
    first: &[Value<'v>],
    values: &[V],
) -> Result<()> {
    batches(sql, first, values, &mut |sql, args| tx.run(sql, args).map(drop))
}

fn batches<'v, V: Copy + Into<Value<'v>>>(
    sql: &str,
    first: &[Value<'v>],
    values: &[V],
    ask: &mut dyn FnMut(&str, &[Value<'v>]) -> Result<()>,
) -> Result<()> {
    let [.., largest] = SIZES;
    for batch in values.chunks(largest) {
        let size = SIZES.into_iter().find(|size| batch.len() <= *size).unwrap_or(largest);
        let marks: Vec<String> = (1..=size).map(|i| format!("${}", first.len() + i)).collect();
        let mut args = first.to_vec();
        args.extend(batch.iter().map(|value| (*value).into()));
        args.resize(first.len() + size, args.last().copied().unwrap_or(Value::Null));
        ask(&sql.replace("(*)", &format!("({})", marks.join(","))), &args)?;
    }
    Ok(())
}
