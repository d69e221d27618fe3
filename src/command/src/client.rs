//! Where a statement's rows go, and where COPY's data comes from: what the session offers, without its messages.

use report::{Error, Result};
use tuple::{Datum, TupleDesc};

/// The receiver of a statement's output.
pub trait Client {
    /// The columns of the rows to come. Called once, before the first row, also when there will be none.
    fn columns(&mut self, columns: &TupleDesc) -> Result<()>;

    /// A row.
    fn row(&mut self, values: &[Datum]) -> Result<()>;

    /// A notice that should not wait for the statement's end.
    fn notice(&mut self, notice: &Error) -> Result<()>;

    /// COPY FROM STDIN begins: the client is asked for `columns` columns of data.
    fn copy_in_begin(&mut self, columns: usize, format: CopyFormat) -> Result<()>;

    /// Appends the next piece of data; false at the end. Errors: 57014 if the client gave up, with its reason.
    fn copy_in_read(&mut self, data: &mut Vec<u8>) -> Result<bool>;

    /// COPY TO STDOUT begins.
    fn copy_out_begin(&mut self, columns: usize, format: CopyFormat) -> Result<()>;

    /// A row of data, line end included in text form.
    fn copy_out_write(&mut self, data: &[u8]) -> Result<()>;

    /// COPY TO STDOUT is complete.
    fn copy_out_end(&mut self) -> Result<()>;
}

/// How COPY's data is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CopyFormat {
    /// Text or CSV.
    Text,
    /// Binary.
    Binary,
}
