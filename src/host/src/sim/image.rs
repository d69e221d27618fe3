//! The bytes of a simulated file: copies share what they have in common, so that a disk can be copied for next to nothing.

use std::sync::Arc;

/// Bytes that are shared or copied as a whole.
const CHUNK_BYTES: usize = 8192;

type Chunk = [u8; CHUNK_BYTES];

/// A file's bytes. Beyond `length` the last chunk is zero.
#[derive(Clone, Default)]
pub(super) struct Image {
    chunks: Vec<Arc<Chunk>>,
    length: usize,
}

impl Image {
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Reads at `start` until `buffer` is full or the file ends; how many bytes.
    pub(super) fn read(&self, start: usize, buffer: &mut [u8]) -> usize {
        let count = buffer.len().min(self.length.saturating_sub(start));
        let mut done = 0;
        while done < count {
            let (chunk, from) = ((start + done) / CHUNK_BYTES, (start + done) % CHUNK_BYTES);
            let part = (CHUNK_BYTES - from).min(count - done);
            buffer[done..done + part].copy_from_slice(&self.chunks[chunk][from..from + part]);
            done += part;
        }
        count
    }

    pub(super) fn write(&mut self, start: usize, bytes: &[u8]) {
        if self.length < start + bytes.len() {
            self.resize(start + bytes.len());
        }
        let mut done = 0;
        while done < bytes.len() {
            let (chunk, from) = ((start + done) / CHUNK_BYTES, (start + done) % CHUNK_BYTES);
            let part = (CHUNK_BYTES - from).min(bytes.len() - done);
            let chunk = Arc::make_mut(&mut self.chunks[chunk]);
            chunk[from..from + part].copy_from_slice(&bytes[done..done + part]);
            done += part;
        }
    }

    /// Cuts, or extends with zeros.
    pub(super) fn resize(&mut self, length: usize) {
        let zeros = Arc::new([0; CHUNK_BYTES]);
        self.chunks.resize(length.div_ceil(CHUNK_BYTES), zeros);
        self.length = length.min(self.length);
        let cut = self.length % CHUNK_BYTES;
        if let Some(last) = self.chunks.get_mut(self.length / CHUNK_BYTES)
            && last[cut..].iter().any(|byte| *byte != 0)
        {
            Arc::make_mut(last)[cut..].fill(0);
        }
        self.length = length;
    }

    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.length];
        self.read(0, &mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_what_a_vector_does() {
        for seed in 0..20 {
            let (mut prng, mut image, mut vector) = (base::Prng::new(seed), Image::default(), Vec::new());
            for round in 0..200 {
                let (start, count) = (prng.below(40_000) as usize, prng.below(20_000) as usize);
                if prng.one_in(3) {
                    image.resize(start);
                    vector.resize(start, 0);
                } else {
                    let bytes = vec![round as u8 + 1; count];
                    image.write(start, &bytes);
                    if vector.len() < start + count {
                        vector.resize(start + count, 0);
                    }
                    vector[start..start + count].copy_from_slice(&bytes);
                }
                assert!(image.to_vec() == vector, "seed {seed}");
            }
        }
    }

    #[test]
    fn a_copy_keeps_what_it_had() {
        let mut image = Image::default();
        image.write(CHUNK_BYTES - 1, b"ab");
        let copy = image.clone();
        image.write(CHUNK_BYTES, b"c");
        assert_eq!(copy.to_vec()[CHUNK_BYTES - 1..], *b"ab");
        assert_eq!(image.to_vec()[CHUNK_BYTES - 1..], *b"ac");
    }
}
