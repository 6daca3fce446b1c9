//! PostgreSQL behind the seam: a small pool, statements prepared once, units at READ COMMITTED with the head row
//! locked first, reads in one REPEATABLE READ snapshot.
use super::{Column, Mode, Row, Value};
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::error::Error as _;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::Poll;
use tokio::runtime::{Handle, Runtime};
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres::{Client, NoTls, Statement};

/// Connections in the pool.
const CONNECTIONS: usize = 6;

/// Rows that fit a page stay in it as they are. By default what is longer than 2 kB is packed when written and unpacked at each read,
/// and most objects with a description are: it costs more than the rest of both (decision 3).
const WHOLE_ROWS: &str = " WITH (toast_tuple_target = 8160)";

type Asked<T> = std::result::Result<T, tokio_postgres::Error>;

pub(crate) struct Postgres {
    config: tokio_postgres::Config,
    runtime: Runtime,
    pool: Mutex<(Vec<Session>, usize)>,
    returned: Condvar,
}

/// One connection with its prepared statements.
pub(crate) struct Session {
    client: Arc<Client>,
    statements: HashMap<String, Statement>,
    handle: Handle,
    /// What was sent and not waited for, in its order: a round trip that nobody needs. What went wrong with it is said by what is
    /// waited for next.
    sent: Vec<Sent>,
}

/// A statement on its way.
struct Sent {
    sql: String,
    answer: Pin<Box<dyn Future<Output = Asked<()>> + Send>>,
}

impl Postgres {
    pub(crate) fn open(url: &str) -> Result<Self> {
        let mut config: tokio_postgres::Config = url.parse().map_err(|e: tokio_postgres::Error| {
            Error::refused(
                "database-url",
                format!("this is not a PostgreSQL URL: {e}"),
                "write postgres://user@host/name",
            )
        })?;
        config.application_name("mainstay");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()?;
        let engine = Postgres { config, runtime, pool: Mutex::new((Vec::new(), 0)), returned: Condvar::new() };
        let first = engine.borrow()?;
        engine.give_back(first);
        Ok(engine)
    }

    pub(crate) fn transaction<T>(
        &self,
        mode: Mode,
        work: &mut dyn FnMut(super::Session<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut session = self.borrow()?;
        let begun = session.send_bound(match mode {
            Mode::Write => "BEGIN ISOLATION LEVEL READ COMMITTED",
            Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        });
        let result = match (begun.and_then(|()| work(super::Session::Postgres(&mut session))), mode) {
            (Ok(value), Mode::Write) => session.batch("COMMIT").map(|()| value),
            // whoever takes the connection next waits for its end, nobody else
            (Ok(value), Mode::Read) => session.send_bound("COMMIT").map(|()| value),
            (Err(e), _) => {
                session.sent.clear();
                if session.batch("ROLLBACK").is_err() {
                    tracing::warn!("rollback failed; the connection is dropped");
                }
                Err(e)
            }
        };
        self.give_back(session);
        result
    }

    /// A plain vacuum leaves dead bytes in the pages; a full one writes the tables anew. Derived tables went with the rebuild.
    pub(crate) fn scrub(&self, tables: &[String]) -> Result<crate::purge::Scrubbed> {
        let mut session = self.borrow()?;
        let done = tables.iter().try_for_each(|table| session.batch(&format!("VACUUM (FULL) {table}")));
        self.give_back(session);
        done.map(|()| crate::purge::Scrubbed { rewritten: true, ..crate::purge::Scrubbed::default() })
    }

    fn borrow(&self) -> Result<Session> {
        let mut held = self.pool.lock().unwrap_or_else(|e| e.into_inner());
        loop {
            while let Some(session) = held.0.pop() {
                if !session.client.is_closed() {
                    return Ok(session);
                }
                held.1 -= 1;
            }
            if held.1 < CONNECTIONS {
                held.1 += 1;
                drop(held);
                return self.connect().inspect_err(|_| {
                    self.pool.lock().unwrap_or_else(|e| e.into_inner()).1 -= 1;
                });
            }
            held = self.returned.wait(held).unwrap_or_else(|e| e.into_inner());
        }
    }

    fn give_back(&self, session: Session) {
        self.pool.lock().unwrap_or_else(|e| e.into_inner()).0.push(session);
        self.returned.notify_one();
    }

    fn connect(&self) -> Result<Session> {
        let (client, connection) = self.runtime.block_on(self.config.connect(NoTls)).map_err(engine)?;
        self.runtime.spawn(async move {
            if let Err(e) = connection.await {
                tracing::warn!(error = %e, "a connection to PostgreSQL ended");
            }
        });
        let handle = self.runtime.handle().clone();
        let statements = HashMap::new();
        let mut session = Session { client: Arc::new(client), statements, handle, sent: Vec::new() };
        // Planning or compiling a statement of ours anew takes longer than running it: each is planned once, for any value.
        // A plan made without the values takes a page of some rows for a tenth of a table, and starts workers for it, which costs more than
        // the page: at 300 thousand objects 52 ms with them, 19 ms without.
        session.batch(
            "SET plan_cache_mode = force_generic_plan; SET jit = off; SET max_parallel_workers_per_gather = 0",
        )?;
        Ok(session)
    }
}

impl Session {
    fn batch(&mut self, sql: &str) -> Result<()> {
        self.ask(sql, async |client| client.batch_execute(sql).await)
    }

    /// Sends the beginning of a transaction, or the end of one that only read.
    fn send_bound(&mut self, sql: &'static str) -> Result<()> {
        let client = Arc::clone(&self.client);
        self.send(sql, async move { client.batch_execute(sql).await })
    }

    /// Sends, and waits for nothing. Statements of one connection are run in the order in which they are sent, that is first polled.
    fn send(&mut self, sql: &str, asked: impl Future<Output = Asked<()>> + Send + 'static) -> Result<()> {
        let mut answer: Pin<Box<dyn Future<Output = Asked<()>> + Send>> = Box::pin(asked);
        let first = self.handle.block_on(poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))));
        match first {
            Poll::Ready(done) => done.map_err(|e| said(e, sql)),
            Poll::Pending => {
                self.sent.push(Sent { sql: sql.to_owned(), answer });
                Ok(())
            }
        }
    }

    /// Waits for what is asked, and for all that was sent before it.
    fn ask<T>(&mut self, sql: &str, asked: impl AsyncFnOnce(&Client) -> Asked<T>) -> Result<T> {
        let (client, sent) = (&*self.client, std::mem::take(&mut self.sent));
        self.handle.block_on(async {
            let before = async {
                for one in sent {
                    one.answer.await.map_err(|e| said(e, &one.sql))?;
                }
                Ok(())
            };
            let (before, answer) = tokio::join!(biased; before, asked(client));
            before.and(answer.map_err(|e| said(e, sql)))
        })
    }

    /// Waits for all that was sent.
    pub(crate) fn settle(&mut self) -> Result<()> {
        if self.sent.is_empty() { Ok(()) } else { self.ask("", async |_| Ok(())) }
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.ask(sql, async |client| client.prepare(sql).await)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(crate) fn run(&mut self, sql: &str, args: &[Value<'_>]) -> Result<u64> {
        let statement = self.prepare(sql)?;
        let params = args.iter().map(|v| v as &(dyn ToSql + Sync)).collect::<Vec<_>>();
        self.ask(sql, async |client| client.execute(&statement, &params).await)
    }

    pub(crate) fn each(
        &mut self,
        sql: &str,
        args: &[Value<'_>],
        f: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let statement = self.prepare(sql)?;
        let params = args.iter().map(|v| v as &(dyn ToSql + Sync)).collect::<Vec<_>>();
        let rows = self.ask(sql, async |client| client.query(&statement, &params).await)?;
        rows.iter().try_for_each(|row| f(&Row::Postgres(row)))
    }

    /// Sent and not waited for: while the server inserts, the next rows are made ready.
    pub(crate) fn bulk(&mut self, insert: &str, columns: &[Column<'_>], tail: &str) -> Result<()> {
        // COPY gains nothing at these row sizes, and unnest can say ON CONFLICT (spec/rust.md 3.3).
        let arrays = columns
            .iter()
            .enumerate()
            .map(|(i, c)| format!("${}::{}[]", i + 1, sql_type(c)))
            .collect::<Vec<_>>()
            .join(",");
        let sql = format!("{insert} SELECT * FROM unnest({arrays}) {tail}");
        let statement = self.prepare(&sql)?;
        let columns = columns.iter().zip(statement.params()).map(|(column, ty)| Encoded::of(array(column), ty));
        let columns = columns.collect::<Result<Vec<Encoded>>>()?;
        let client = Arc::clone(&self.client);
        self.send(&sql, async move {
            let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
            client.execute(&statement, &params).await.map(drop)
        })
    }

    pub(crate) fn define(&mut self, ddl: &str) -> Result<()> {
        let typed = ddl
            .replace("{int}", "BIGINT")
            // Bytewise order, as SQLite has it, whatever the database was created with.
            .replace("{text}", "TEXT COLLATE \"C\"")
            .replace("{blob}", "BYTEA")
            .replace("{real}", "DOUBLE PRECISION");
        let whole = |statement: &str| {
            let wide = statement.starts_with("CREATE TABLE") && statement.contains("BYTEA");
            format!("{statement}{};", if wide { WHOLE_ROWS } else { "" })
        };
        self.batch(&super::statements(&typed).map(whole).collect::<String>())?;
        self.statements.clear();
        Ok(())
    }

    pub(crate) fn analyze(&mut self) -> Result<()> {
        let names: Vec<String> = self.tables("")?.into_iter().map(|(name, _)| name).collect();
        // a tenth of the rows that it would look at by itself: sizes and whether values repeat are all our plans ask
        self.batch(&format!("SET LOCAL default_statistics_target = 10; ANALYZE {}", names.join(", ")))
    }

    pub(crate) fn tables(&mut self, prefix: &str) -> Result<Vec<(String, Vec<String>)>> {
        let sql = "SELECT table_name::text COLLATE \"C\" AS t, column_name::text FROM information_schema.columns \
                   WHERE table_schema = current_schema() ORDER BY t, ordinal_position";
        let mut out: Vec<(String, Vec<String>)> = Vec::new();
        self.each(sql, &[], &mut |row| {
            if row.text(0).starts_with(prefix) {
                match out.last_mut() {
                    Some((name, columns)) if name == row.text(0) => columns.push(row.text(1).to_owned()),
                    _ => out.push((row.text(0).to_owned(), vec![row.text(1).to_owned()])),
                }
            }
            Ok(())
        })?;
        Ok(out)
    }
}

fn sql_type(column: &Column<'_>) -> &'static str {
    match column {
        Column::Int(_) | Column::OptInt(_) => "bigint",
        Column::Real(_) => "double precision",
        Column::Text(_) | Column::OptText(_) => "text",
        Column::Blob(_) => "bytea",
    }
}

fn array<'a>(column: &'a Column<'_>) -> &'a (dyn ToSql + Sync) {
    match column {
        Column::Int(v) => v,
        Column::OptInt(v) => v,
        Column::Real(v) => v,
        Column::Text(v) => v,
        Column::OptText(v) => v,
        Column::Blob(v) => v,
    }
}

/// A parameter in the form in which it is sent.
#[derive(Debug)]
struct Encoded(BytesMut);

impl Encoded {
    fn of(value: &(dyn ToSql + Sync), ty: &Type) -> Result<Encoded> {
        let mut bytes = BytesMut::new();
        value.to_sql_checked(ty, &mut bytes).map_err(|e| Error::Engine(format!("a column cannot be sent: {e}")))?;
        Ok(Encoded(bytes))
    }
}

impl ToSql for Encoded {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(v) => match *ty {
                Type::INT4 => i32::try_from(*v)?.to_sql(ty, out),
                Type::INT2 => i16::try_from(*v)?.to_sql(ty, out),
                Type::BOOL => (*v != 0).to_sql(ty, out),
                Type::FLOAT8 => (*v as f64).to_sql(ty, out),
                _ => v.to_sql(ty, out),
            },
            Value::Real(v) => v.to_sql(ty, out),
            Value::Text(v) => v.to_sql(ty, out),
            Value::Blob(v) => v.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

pub(crate) fn int(row: &tokio_postgres::Row, i: usize) -> Option<i64> {
    let ty = row.columns().get(i)?.type_();
    match *ty {
        Type::INT4 => row.try_get::<_, Option<i32>>(i).ok()?.map(i64::from),
        Type::INT2 => row.try_get::<_, Option<i16>>(i).ok()?.map(i64::from),
        Type::BOOL => row.try_get::<_, Option<bool>>(i).ok()?.map(i64::from),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(i).ok()?.map(|v| v as i64),
        _ => row.try_get::<_, Option<i64>>(i).ok()?,
    }
}

pub(crate) fn real(row: &tokio_postgres::Row, i: usize) -> Option<f64> {
    match *row.columns().get(i)?.type_() {
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(i).ok()?,
        _ => int(row, i).map(|v| v as f64),
    }
}

fn said(e: tokio_postgres::Error, sql: &str) -> Error {
    match engine(e) {
        Error::Engine(what) => {
            Error::Engine(format!("{what} in: {}", sql.split_whitespace().collect::<Vec<_>>().join(" ")))
        }
        other => other,
    }
}

fn engine(e: tokio_postgres::Error) -> Error {
    use tokio_postgres::error::SqlState;
    let message = match e.as_db_error() {
        Some(db) => db.message().to_owned(),
        None => e.source().map_or_else(|| e.to_string(), |s| format!("{e}: {s}")),
    };
    let Some(code) = e.code() else { return Error::Engine(message) };
    match *code {
        // An undefined table: a rebuild swapped the generation under a reader; run again, it reads the new one.
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::UNDEFINED_TABLE => {
            Error::Again(message)
        }
        SqlState::DISK_FULL => {
            Error::Engine("the disk is full; nothing of this unit was stored; free some space and run it again".into())
        }
        _ if code.code().starts_with("23") => Error::Conflict(message),
        _ => Error::Engine(message),
    }
}
