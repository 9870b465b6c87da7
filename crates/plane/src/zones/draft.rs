//! Records on their way to an image: collected in wire form, checked as a zone, then compiled.
//!
//! Checks are those without which a zone cannot be answered from (RFC 1034 4.2.1, RFC 1035 5.2, RFC 2181 5 and 10, RFC 6672
//! 2.4); what is only doubtful is a warning.

use std::collections::hash_map::Entry;

use ahash::AHashMap;
use resolute_wire::code::class;
use resolute_wire::name::{self, Name};
use resolute_wire::rdata;
use resolute_wire::rtype;
use resolute_wire::zonefile::{Foreign, Place, Problem, Record, Severity, Sink};

use super::image::{Image, Soa};
use super::tree::{self, Family, NodeWriter, Tree};
use crate::hash::{self, Path};

/// Where no line of a file is to blame.
pub const NOWHERE: Place = Place {
    file: 0,
    line: 0,
    column: 0,
};
/// Problems reported of one zone; the rest is counted only.
const MAX_PROBLEMS: usize = 100;
/// Rounds of hashing that a zone may ask of whoever serves it, and of those who validate.
const MAX_ITERATIONS: u16 = 150;
/// Bytes of names and rdata in one draft, so that their places fit into 32 bits with room for one record more.
const MAX_ARENA: usize = u32::MAX as usize - (1 << 17);

/// Records that are not a zone yet.
pub struct Draft {
    origin: Name,
    arena: Vec<u8>,
    records: Vec<Raw>,
    foreign: Vec<ForeignRecord>,
    problems: Vec<Problem>,
    owner: Option<(u32, u64)>,
}

/// One record; its name and rdata stand in the arena, one behind the other.
#[derive(Clone, Copy)]
struct Raw {
    hash: u64,
    name_at: u32,
    rdata_at: u32,
    ttl: u32,
    rtype: u16,
    rdata_len: u16,
    place: Place,
}

impl Raw {
    fn rdata<'a>(&self, arena: &'a [u8]) -> &'a [u8] {
        let start = self.rdata_at as usize;
        &arena[start..start + usize::from(self.rdata_len)]
    }
}

/// A record as it was given, for those who check a zone.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// Owner in lower case.
    pub owner: &'a [u8],
    /// Type.
    pub rtype: u16,
    /// TTL.
    pub ttl: u32,
    /// Data.
    pub rdata: &'a [u8],
    /// Where it stands.
    pub place: Place,
}

/// A record whose rdata somebody else converts.
pub struct ForeignRecord {
    /// Owner.
    pub owner: Name,
    /// Type.
    pub rtype: u16,
    /// TTL.
    pub ttl: u32,
    /// The rdata's text, on one line.
    pub text: Vec<u8>,
    /// The origin in force.
    pub origin: Name,
    /// Where it stands.
    pub place: Place,
    /// Whether it has been converted or rejected.
    pub settled: bool,
}

impl Sink for Draft {
    fn record(&mut self, record: Record<'_>) {
        self.push(record.owner, record.rtype, record.ttl, record.rdata, record.place);
    }

    fn foreign(&mut self, record: Foreign<'_>) {
        self.foreign.push(ForeignRecord {
            owner: *record.owner,
            rtype: record.rtype,
            ttl: record.ttl,
            text: record.text.to_vec(),
            origin: *record.origin,
            place: record.place,
            settled: false,
        });
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

impl Draft {
    /// An empty draft of the zone at `origin`.
    pub fn new(origin: &Name) -> Self {
        Self {
            origin: origin.lower(),
            arena: Vec::new(),
            records: Vec::new(),
            foreign: Vec::new(),
            problems: Vec::new(),
            owner: None,
        }
    }

    /// The records that wait for [`Draft::settle`].
    pub fn foreign(&self) -> &[ForeignRecord] {
        &self.foreign
    }

    /// How many records there are so far.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// A record with its place, by its order of coming.
    pub fn at(&self, index: usize) -> Option<Placed<'_>> {
        self.records.get(index).map(|raw| self.show(raw))
    }

    /// The records with their places, in the order of coming.
    pub fn placed(&self) -> impl Iterator<Item = Placed<'_>> {
        self.records.iter().map(|raw| self.show(raw))
    }

    fn show(&self, raw: &Raw) -> Placed<'_> {
        Placed {
            owner: name_at(&self.arena, raw.name_at),
            rtype: raw.rtype,
            ttl: raw.ttl,
            rdata: raw.rdata(&self.arena),
            place: raw.place,
        }
    }

    /// Gives the rdata of a foreign record, or why it has none. False when there is no such record or it is settled.
    pub fn settle(&mut self, index: usize, rdata: Result<&[u8], String>) -> bool {
        let Some(record) = self.foreign.get_mut(index).filter(|record| !record.settled) else {
            return false;
        };
        record.settled = true;
        let (owner, rtype, ttl, place) = (record.owner, record.rtype, record.ttl, record.place);
        match rdata {
            Ok(rdata) => self.push(&owner, rtype, ttl, rdata, place),
            Err(message) => self.error(place, "bad-rdata", message),
        }
        true
    }

    /// Adds a record.
    pub fn push(&mut self, owner: &Name, rtype: u16, ttl: u32, rdata: &[u8], place: Place) {
        if self.arena.len() > MAX_ARENA {
            return self.error(place, "too-large", "more than 4 GiB of record data in one zone".into());
        }
        let wire = owner.as_wire();
        // Records of one owner stand together in most files.
        let same = self.owner.filter(|&(at, _)| {
            self.arena
                .get(at as usize..at as usize + wire.len())
                .is_some_and(|known| known.eq_ignore_ascii_case(wire))
        });
        let (name_at, hash) = same.unwrap_or_else(|| {
            let at = self.arena.len() as u32;
            let lower = owner.lower();
            self.arena.extend_from_slice(lower.as_wire());
            (at, hash::of_name(lower.as_wire()))
        });
        self.owner = Some((name_at, hash));
        let Ok(rdata_len) = u16::try_from(rdata.len()) else {
            return self.error(place, "bad-rdata", "record data longer than 65,535 bytes".into());
        };
        if rtype::is_meta(rtype) {
            return self.error(
                place,
                "meta-type",
                format!("{} is not a type of zone data", rtype::text(rtype)),
            );
        }
        if !has_form(rtype, rdata) {
            let message = format!("record data does not have the form of {}", rtype::text(rtype));
            return self.error(place, "bad-rdata", message);
        }
        let rdata_at = self.arena.len() as u32;
        self.arena.extend_from_slice(rdata);
        self.records.push(Raw {
            hash,
            name_at,
            rdata_at,
            ttl,
            rtype,
            rdata_len,
            place,
        });
    }

    /// Checks the records and makes the zone: the image and its warnings, or every problem with at least one error.
    pub fn compile(mut self) -> Result<(Image, Vec<Problem>), Vec<Problem>> {
        for at in 0..self.foreign.len() {
            let text = rtype::text(self.foreign[at].rtype).into_owned();
            self.settle(at, Err(format!("no conversion for records of type {text}")));
        }
        let (mut draft, mut groups, soa) = self.check(true)?;
        let Some(soa) = soa else { return Err(draft.problems) };
        let (names, records) = (groups.len(), draft.records.len());
        let tree = draft.build(&mut groups);
        match Image::new(draft.origin, tree, names, records, soa) {
            Some(image) => Ok((image, draft.problems)),
            None => Err(draft.problems),
        }
    }

    /// Checks the records, which are those of a whole zone or (without its apex) of some names in it; gives them by name, and
    /// the SOA of a whole zone.
    pub(super) fn check(mut self, with_apex: bool) -> Result<Checked, Vec<Problem>> {
        self.sort();
        let groups = self.groups();
        self.check_names(&groups);
        let soa = with_apex.then(|| self.check_apex(&groups)).flatten();
        self.problems
            .sort_by_key(|problem| (problem.place.file, problem.place.line, problem.place.column));
        if self.problems.iter().any(|problem| problem.severity == Severity::Error) {
            return Err(self.problems);
        }
        Ok((self, groups, soa))
    }

    /// The records of a name, among the groups of a draft that has been checked.
    pub(super) fn group<'g>(&self, groups: &'g [Group], name: &[u8]) -> Option<&'g Group> {
        let hash = hash::of_name(name);
        let from = groups.partition_point(|group| group.hash < hash);
        let mut equal = groups[from..].iter().take_while(|group| group.hash == hash);
        equal.find(|group| name_at(&self.arena, group.name_at) == name)
    }

    /// What is doubtful.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Makes an overlay's tree: any names at all, none of the checks of a zone.
    pub fn compile_overlay(mut self) -> Result<(Tree, usize), Vec<Problem>> {
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        self.sort();
        let mut groups = self.groups();
        let count = groups.len();
        groups.retain(|group| group.end > group.start);
        Ok((self.write(&groups, &Families::new()), count))
    }

    /// By name, type and rdata; equal records become one (RFC 2181 5).
    fn sort(&mut self) {
        let arena = &self.arena;
        let name = |raw: &Raw| name_at(arena, raw.name_at);
        self.records.sort_by(|a, b| {
            a.hash
                .cmp(&b.hash)
                .then_with(|| {
                    if a.name_at == b.name_at {
                        std::cmp::Ordering::Equal
                    } else {
                        name(a).cmp(name(b))
                    }
                })
                .then_with(|| a.rtype.cmp(&b.rtype))
        });
        // Within an RRset the order of the file stays; a repeated record is dropped. The comparison is by a set of what was
        // seen, so that a hostile RRset of thousands costs no more than others.
        let (mut kept, mut set_start) = (0, 0);
        let mut seen = std::collections::HashSet::new();
        for at in 0..self.records.len() {
            let raw = self.records[at];
            let first = self.records[set_start];
            if kept > 0 && first.hash == raw.hash && first.rtype == raw.rtype && name(&first) == name(&raw) {
                if seen.is_empty() {
                    seen.insert(rdata::folded(first.rtype, first.rdata(arena)));
                }
                if !seen.insert(rdata::folded(raw.rtype, raw.rdata(arena))) {
                    continue;
                }
            } else {
                set_start = kept;
                seen.clear();
            }
            self.records[kept] = raw;
            kept += 1;
        }
        self.records.truncate(kept);
    }

    /// The records of each name, in the order of hashes.
    fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (at, raw) in self.records.iter().enumerate() {
            match groups.last_mut() {
                Some(last)
                    if last.hash == raw.hash
                        && (last.name_at == raw.name_at
                            || name_at(&self.arena, last.name_at) == name_at(&self.arena, raw.name_at)) =>
                {
                    last.end = at + 1;
                }
                _ => groups.push(Group {
                    hash: raw.hash,
                    name_at: raw.name_at,
                    start: at,
                    end: at + 1,
                }),
            }
        }
        groups
    }

    fn check_names(&mut self, groups: &[Group]) {
        for group in groups {
            let first = self.records[group.start];
            let owner = name_at(&self.arena, first.name_at);
            let inside = owner.ends_with(self.origin.as_wire()) && name::is_at_or_below(owner, self.origin.as_wire());
            if !inside {
                let message = format!("{} is outside the zone {}", name::text(owner), self.origin);
                self.error(first.place, "out-of-zone", message);
                continue;
            }
            self.check_for_stray_soas(group);
            if group.end - group.start > 1 {
                self.check_neighbours(group);
            }
        }
    }

    fn check_for_stray_soas(&mut self, group: &Group) {
        let records = &self.records[group.start..group.end];
        let Some(soa) = records.iter().find(|raw| raw.rtype == rtype::SOA) else {
            return;
        };
        let (place, owner) = (soa.place, name_at(&self.arena, group.name_at));
        if owner != self.origin.as_wire() {
            let message = format!("SOA at {}, which is not the apex {}", name::text(owner), self.origin);
            self.error(place, "stray-soa", message);
        }
    }

    /// What may not stand beside what at one name.
    fn check_neighbours(&mut self, group: &Group) {
        let records = self.records[group.start..group.end].to_vec();
        let owner = name::text(name_at(&self.arena, group.name_at));
        let of = |rtype| records.iter().filter(move |raw: &&Raw| raw.rtype == rtype);
        // RFC 1034 3.6.2, RFC 2181 10.1: a CNAME is alone, but for what signs it.
        if let Some(cname) = of(rtype::CNAME).next() {
            if of(rtype::CNAME).count() > 1 {
                self.error(cname.place, "many-cnames", format!("{owner} has more than one CNAME"));
            }
            let other = records
                .iter()
                .find(|raw| !matches!(raw.rtype, rtype::CNAME | rtype::RRSIG | rtype::NSEC | rtype::KEY));
            if let Some(other) = other {
                let message = format!("{owner} has a CNAME and other data ({})", rtype::text(other.rtype));
                let later = if (other.place.file, other.place.line) > (cname.place.file, cname.place.line) {
                    other
                } else {
                    cname
                };
                self.error(later.place, "cname-and-other-data", message);
            }
        }
        if of(rtype::DNAME).count() > 1 {
            let place = of(rtype::DNAME).next().map_or(NOWHERE, |raw| raw.place);
            self.error(place, "many-dnames", format!("{owner} has more than one DNAME"));
        }
        // RFC 6672 2.3: no DNAME beside NS but at the apex.
        if name_at(&self.arena, group.name_at) != self.origin.as_wire()
            && let (Some(dname), Some(_)) = (of(rtype::DNAME).next(), of(rtype::NS).next())
        {
            self.error(
                dname.place,
                "dname-at-cut",
                format!("{owner} has a DNAME and is a zone cut"),
            );
        }
        self.level_ttls(group, &owner);
    }

    /// RFC 2181 5.2: the TTLs of an RRset are equal; the lowest is taken for all.
    fn level_ttls(&mut self, group: &Group, owner: &str) {
        let mut at = group.start;
        while at < group.end {
            let rtype = self.records[at].rtype;
            let end = at
                + self.records[at..group.end]
                    .iter()
                    .take_while(|raw| raw.rtype == rtype)
                    .count();
            let set = &mut self.records[at..end];
            let lowest = set.iter().map(|raw| raw.ttl).min().unwrap_or(0);
            // The TTL of an RRSIG is that of what it covers (RFC 4034 3), so these differ rightly.
            let odd = set
                .iter()
                .find(|raw| raw.ttl != lowest && rtype != rtype::RRSIG)
                .map(|raw| raw.place);
            if rtype != rtype::RRSIG {
                set.iter_mut().for_each(|raw| raw.ttl = lowest);
            }
            if let Some(place) = odd {
                let kind = rtype::text(rtype);
                self.warn(
                    place,
                    "ttls-differ",
                    format!("TTLs of {owner} {kind} differ; the lowest, {lowest}, is taken"),
                );
            }
            at = end;
        }
    }

    /// RFC 1035 5.2: exactly one SOA, at the apex.
    fn check_apex(&mut self, groups: &[Group]) -> Option<Soa> {
        let origin = self.origin;
        let apex = groups
            .iter()
            .find(|group| name_at(&self.arena, group.name_at) == origin.as_wire());
        let at_apex: Vec<Raw> = apex.map_or(vec![], |group| self.records[group.start..group.end].to_vec());
        let mut soas = at_apex.iter().filter(|raw| raw.rtype == rtype::SOA);
        let (first, second) = (soas.next().copied(), soas.next().copied());
        if let Some(second) = second {
            self.error(second.place, "many-soas", format!("{origin} has more than one SOA"));
        }
        let Some(first) = first else {
            self.error(
                NOWHERE,
                "no-soa",
                format!("no SOA at the apex {origin}: a zone begins with one"),
            );
            return None;
        };
        for raw in at_apex.iter().filter(|raw| raw.rtype == rtype::NSEC3PARAM) {
            let iterations = raw
                .rdata(&self.arena)
                .get(2..4)
                .map_or(0, |two| u16::from_be_bytes([two[0], two[1]]));
            if iterations > MAX_ITERATIONS {
                let message = format!(
                    "NSEC3 with {iterations} iterations: more than {MAX_ITERATIONS} are taken for an attack (RFC 9276 3.2); sign with 0"
                );
                self.error(raw.place, "nsec3-costs", message);
            }
        }
        if !at_apex.iter().any(|raw| raw.rtype == rtype::NS) {
            self.warn(first.place, "no-ns", format!("no NS at the apex {origin}"));
        }
        Soa::new(first.ttl, first.rdata(&self.arena))
    }

    /// Adds the empty non-terminals (RFC 4592 2.2.2), finds who has children, and writes the tree.
    fn build(&mut self, groups: &mut Vec<Group>) -> Tree {
        let apex_labels = name::suffixes(self.origin.as_wire()).count();
        let mut families = Families::new();
        let mut missing: Vec<(u64, Name)> = Vec::new();
        for group in groups.iter() {
            let path = Path::of(name_at(&self.arena, group.name_at));
            for skip in 1..path.labels().saturating_sub(apex_labels) {
                // Whoever has met this parent before has met its ancestors too.
                let Entry::Vacant(unmet) = families.entry(path.hash(skip)) else {
                    break;
                };
                unmet.insert(Family::default());
                if let Ok(parent) = Name::from_wire(path.suffix(skip)) {
                    missing.push((path.hash(skip), parent));
                }
            }
            add_child(&mut families, &path, apex_labels);
        }
        self.add_empty(groups, missing);
        for group in groups.iter().filter(|group| group.start == group.end) {
            add_child(
                &mut families,
                &Path::of(name_at(&self.arena, group.name_at)),
                apex_labels,
            );
        }
        self.write(groups, &families)
    }

    fn add_empty(&mut self, groups: &mut Vec<Group>, candidates: Vec<(u64, Name)>) {
        let known = groups.len();
        for (hash, name) in candidates {
            let wire = name.as_wire();
            let from = groups[..known].partition_point(|group| group.hash < hash);
            let exists = (groups[from..known].iter())
                .take_while(|group| group.hash == hash)
                .any(|group| name_at(&self.arena, group.name_at) == wire);
            if !exists {
                let name_at = self.arena.len() as u32;
                self.arena.extend_from_slice(wire);
                groups.push(Group {
                    hash,
                    name_at,
                    start: 0,
                    end: 0,
                });
            }
        }
        if groups.len() > known {
            let arena = &self.arena;
            groups.sort_by(|a, b| {
                a.hash
                    .cmp(&b.hash)
                    .then_with(|| name_at(arena, a.name_at).cmp(name_at(arena, b.name_at)))
            });
            groups.dedup_by(|b, a| {
                a.hash == b.hash && b.start == b.end && name_at(arena, a.name_at) == name_at(arena, b.name_at)
            });
        }
    }

    fn write(&self, groups: &[Group], families: &Families) -> Tree {
        let hashes: Vec<u64> = groups.iter().map(|group| group.hash).collect();
        Tree::build(&hashes, &mut |at, nodes| {
            let group = &groups[at];
            let family = families.get(&group.hash).copied().unwrap_or_default();
            self.encode(group, family, nodes);
        })
    }

    /// Appends the node of a name.
    pub(super) fn encode(&self, group: &Group, family: Family, nodes: &mut Vec<u8>) {
        let records = &self.records[group.start..group.end];
        let owner = name_at(&self.arena, group.name_at);
        let has = |rtype| records.iter().any(|raw| raw.rtype == rtype);
        let mut flags = 0;
        if has(rtype::NS) && owner != self.origin.as_wire() {
            flags |= tree::CUT;
        }
        if has(rtype::DNAME) {
            flags |= tree::DNAME;
        }
        if has(rtype::NSEC3)
            && records
                .iter()
                .all(|raw| matches!(raw.rtype, rtype::NSEC3 | rtype::RRSIG))
        {
            flags |= tree::HIDDEN;
        }
        let mut writer = NodeWriter::new(nodes, owner, flags, family);
        let mut rtype = None;
        for raw in records {
            if rtype != Some(raw.rtype) {
                writer.rrset(raw.rtype);
                rtype = Some(raw.rtype);
            }
            writer.record(raw.rtype, class::IN, raw.ttl, raw.rdata(&self.arena));
        }
        writer.finish();
    }

    fn error(&mut self, place: Place, code: &'static str, message: String) {
        self.note(place, Severity::Error, code, message);
    }

    fn warn(&mut self, place: Place, code: &'static str, message: String) {
        self.note(place, Severity::Warning, code, message);
    }

    fn note(&mut self, place: Place, severity: Severity, code: &'static str, message: String) {
        // An error is never dropped for warnings that came before it: it decides whether the zone is served.
        if self.problems.len() < MAX_PROBLEMS || (severity == Severity::Error && self.problems.len() < 2 * MAX_PROBLEMS)
        {
            self.problems.push(Problem {
                place,
                severity,
                code,
                message,
            });
        }
    }
}

/// A draft whose records are in order, its names, and its SOA.
type Checked = (Draft, Vec<Group>, Option<Soa>);

/// The records `start..end` of one name.
pub(super) struct Group {
    hash: u64,
    name_at: u32,
    start: usize,
    end: usize,
}

/// By the parent's hash.
type Families = AHashMap<u64, Family>;

/// Counts a name among the children of its parent.
fn add_child(families: &mut Families, path: &Path<'_>, apex_labels: usize) {
    if path.labels() > apex_labels {
        let family = families.entry(path.hash(1)).or_default();
        family.children += 1;
        family.wildcard |= path.suffix(0).starts_with(b"\x01*");
    }
}

/// The uncompressed name that stands at a place of the arena.
fn name_at(arena: &[u8], at: u32) -> &[u8] {
    let at = at as usize;
    let end = Name::skip(arena, at).unwrap_or(at);
    &arena[at..end]
}

fn has_form(rtype: u16, data: &[u8]) -> bool {
    // The two most frequent types without the general walk.
    match rtype {
        rtype::A => data.len() == 4,
        rtype::AAAA => data.len() == 16,
        // A pointer in a name would be another one in each reply: nothing may be expanded.
        _ => {
            let mut whole = Vec::with_capacity(data.len());
            rdata::expand(data, 0, data.len(), rtype, &mut whole) && whole == data
        }
    }
}
