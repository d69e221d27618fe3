//! Rows of one width in one vector: no allocation per row.

use tuple::Datum;

/// Rows side by side.
#[derive(Default, Debug)]
pub struct RowBuffer {
    width: usize,
    count: usize,
    data: Vec<Datum>,
    heap_bytes: usize,
}

impl RowBuffer {
    /// An empty buffer for rows of `width` columns.
    pub fn new(width: usize) -> RowBuffer {
        RowBuffer { width, ..RowBuffer::default() }
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True if it holds no row.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a copy of `row`. Panics if its width differs.
    pub fn push(&mut self, row: &[Datum]) {
        assert_eq!(row.len(), self.width);
        self.heap_bytes += row.iter().map(Datum::heap_bytes).sum::<usize>();
        self.data.extend_from_slice(row);
        self.count += 1;
    }

    /// Adds a row, taking its values out of `row`, which keeps its capacity.
    pub fn push_drain(&mut self, row: &mut Vec<Datum>) {
        assert_eq!(row.len(), self.width);
        self.heap_bytes += row.iter().map(Datum::heap_bytes).sum::<usize>();
        self.data.append(row);
        self.count += 1;
    }

    /// The row at `index`, counted from 0.
    #[inline]
    pub fn row(&self, index: usize) -> &[Datum] {
        let start = index * self.width;
        &self.data[start..start + self.width]
    }

    /// The row at `index`, to be changed in place. Its heap bytes are not counted anew.
    #[inline]
    pub fn row_mut(&mut self, index: usize) -> &mut [Datum] {
        let start = index * self.width;
        &mut self.data[start..start + self.width]
    }

    /// Bytes in use.
    pub fn memory_bytes(&self) -> usize {
        self.data.len() * size_of::<Datum>() + self.heap_bytes
    }

    /// Forgets all rows, keeps the room.
    pub fn clear(&mut self) {
        self.data.clear();
        self.count = 0;
        self.heap_bytes = 0;
    }
}
