# SPDX-License-Identifier: MPL-2.0
"""What a disk may hold after the power failed, in the manner of ALICE (Pillai and others, OSDI 2014).

Changes are those of the journal. A change is durable if a sync of what it changed came after it: of the
file for its data and length, of one of its folders for a name. A rename is atomic. Of the other changes
any may be there and any may be missing, in whatever order they were made (model `weak`); or names only
in the order of their changes and data only from the front, as a journalling filesystem with ordered data
has it (model `ordered`).
"""
import os
import socket
import stat
from pathlib import Path

from journal import (CREATE, FILE, FOLDER, LINK, RENAME, SOCKET, SYMLINK, SYNC, SYNC_ALL, TRUNCATE,
                     UNLINK, WRITE)

DATA = (WRITE, TRUNCATE)
NAMES = (CREATE, RENAME, UNLINK, LINK)


class Thing:
    """A file, folder, symlink or socket."""

    def __init__(self, kind, data=b""):
        self.kind, self.data, self.names = kind, bytearray(data), {}


def scan(path):
    """(tree, {inode: thing}) of a folder as it is: all of it durable."""
    things = {}

    def look(place):
        st = os.lstat(place)
        if stat.S_ISDIR(st.st_mode):
            thing = Thing(FOLDER)
            thing.names = {os.fsencode(name): look(place / name) for name in os.listdir(place)}
        elif stat.S_ISLNK(st.st_mode):
            thing = Thing(SYMLINK, os.fsencode(os.readlink(place)))
        elif stat.S_ISSOCK(st.st_mode):
            thing = Thing(SOCKET)
        else:
            thing = Thing(FILE, place.read_bytes())
        things[st.st_ino] = thing
        return thing
    return look(Path(path)), things


def contents(tree, prefix=""):
    """{path: kind and data} of everything below a folder."""
    found = {}
    for name, thing in tree.names.items():
        path = prefix + os.fsdecode(name)
        found[path] = (thing.kind, bytes(thing.data))
        if thing.kind == FOLDER:
            found |= contents(thing, path + "/")
    return found


def materialize(tree, path):
    """Make it a real folder; `path` must not be there."""
    path = Path(path)
    path.mkdir(mode=0o700)
    for raw, thing in tree.names.items():
        place = path / os.fsdecode(raw)
        if thing.kind == FOLDER:
            materialize(thing, place)
        elif thing.kind == SYMLINK:
            place.symlink_to(os.fsdecode(bytes(thing.data)))
        elif thing.kind == SOCKET:
            make_socket(place)
        else:
            place.write_bytes(thing.data)


def make_socket(place):
    """A socket's name that nobody listens on any more."""
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(f"/proc/self/fd/{folder}/{place.name}")
    finally:
        os.close(folder)


class Change:
    """One entry of the journal that changes something, with the things that it means."""

    def __init__(self, index, entry, thing, folders):
        self.index, self.entry, self.thing, self.folders = index, entry, thing, folders
        self.durable_at = None  # index of the sync that made it so


class Disk:
    """A folder at the start and the journal of what happened to it."""

    def __init__(self, start, inodes, entries):
        self.start = {id(thing): (bytes(thing.data), dict(thing.names)) for thing in inodes.values()}
        self.root, self.things = start, list(inodes.values())
        self.changes = []
        self.syncs = []  # indexes
        self.resolve(dict(inodes), entries)

    def resolve(self, inodes, entries):
        """From inode numbers to things; what is not below the root is left out."""
        pending = []
        for index, entry in enumerate(entries):
            change = None
            if entry.op in (SYNC, SYNC_ALL):
                thing = inodes.get(entry.object)
                if entry.op == SYNC and thing is None:
                    continue
                self.syncs.append(index)
                pending = [one for one in pending if not self.settles(one, index, entry, thing)]
            elif entry.op in DATA and entry.object in inodes:
                change = Change(index, entry, inodes[entry.object], ())
            elif entry.op in NAMES:
                change = self.resolve_name(inodes, index, entry)
            if change:
                self.apply(change)
                self.changes.append(change)
                pending.append(change)
        self.end = len(entries)
        self.final = contents(self.root)

    @staticmethod
    def settles(change, index, entry, thing):
        hit = (entry.op == SYNC_ALL or thing in change.folders
               or (change.entry.op in DATA and change.thing is thing))
        if hit:
            change.durable_at = index
        return hit

    def resolve_name(self, inodes, index, entry):
        folder, other = inodes.get(entry.folder), inodes.get(entry.other)
        if entry.op == RENAME and (folder or other):
            assert folder and other, f"a rename into or out of the folder: {entry}"
            thing = folder.names[entry.name]
            return Change(index, entry, thing, (folder, other))
        if not folder:
            return None
        if entry.op == CREATE:
            thing = Thing(entry.a, entry.data)
            inodes[entry.object] = thing
            self.things.append(thing)
            self.start[id(thing)] = (bytes(thing.data), {})
        elif entry.op == LINK:
            thing = inodes[entry.object]
        else:
            thing = folder.names[entry.name]
        return Change(index, entry, thing, (folder,))

    @staticmethod
    def apply(change):
        entry, thing = change.entry, change.thing
        if entry.op == WRITE:
            end = entry.a + len(entry.data)
            if len(thing.data) < end:
                thing.data.extend(bytes(end - len(thing.data)))
            thing.data[entry.a:end] = entry.data
        elif entry.op == TRUNCATE:
            del thing.data[entry.a:]
            thing.data.extend(bytes(entry.a - len(thing.data)))
        elif entry.op in (CREATE, LINK):
            change.folders[0].names[entry.name] = thing
        else:
            if change.folders[0].names.get(entry.name) is thing:
                del change.folders[0].names[entry.name]
            if entry.op == RENAME:
                change.folders[1].names[entry.data] = thing

    def after_power_loss(self, point, choose):
        """The tree if the power failed when `point` entries were done.

        choose(undurable changes) -> {change: change as it is kept}; a missing one is lost."""
        made = [change for change in self.changes if change.index < point]
        open_ = [change for change in made
                 if change.durable_at is None or change.durable_at >= point]
        kept = choose(open_)
        for thing in self.things:
            data, names = self.start[id(thing)]
            thing.data, thing.names = bytearray(data), dict(names)
        undurable = set(map(id, open_))
        for change in made:
            if id(change) not in undurable:
                self.apply(change)
            elif change in kept:
                self.apply(kept[change])
        return self.root


# What is kept of the changes that were not durable

def nothing(_changes, _chance):
    return {}


def everything(changes, _chance):
    return {change: change for change in changes}


def names_only(changes, _chance):
    """Every file is there, as long as it was when it was synced last."""
    return {change: change for change in changes if change.entry.op in NAMES}


def names_and_lengths(changes, _chance):
    """Every file has its length, and zeros for data."""
    return {change: zeros(change) for change in changes}


def data_only(changes, _chance):
    return {change: change for change in changes if change.entry.op in DATA}


def ordered(changes, chance):
    """Names up to some moment; of each file's data the front, the last write torn."""
    names = [change for change in changes if change.entry.op in NAMES]
    kept = {change: change for change in names[:chance.randint(0, len(names))]}
    for thing in {id(change.thing): change.thing for change in changes}.values():
        data = [change for change in changes if change.thing is thing and change.entry.op in DATA]
        until = chance.randint(0, len(data))
        kept |= {change: change for change in data[:until]}
        if until < len(data):
            kept[data[until]] = torn(data[until], chance)
    return kept


def weak(changes, chance):
    """Any of them, each whole, torn or as zeros."""
    share = chance.choice((0.2, 0.5, 0.8))
    forms = (lambda change: change, lambda change: torn(change, chance), zeros)
    kept = {}
    for change in changes:
        if chance.random() < share:
            form = chance.choice(forms) if change.entry.op == WRITE else forms[0]
            kept[change] = form(change)
    return kept


def other_data(change, data):
    return Change(change.index, change.entry._replace(data=data), change.thing, change.folders)


def torn(change, chance):
    if change.entry.op != WRITE:
        return change
    return other_data(change, change.entry.data[:chance.randint(0, len(change.entry.data))])


def zeros(change):
    if change.entry.op != WRITE:
        return change
    return other_data(change, bytes(len(change.entry.data)))


FIXED = (nothing, everything, names_only, names_and_lengths, data_only)
RANDOM = (ordered, weak)
# Under these the front of a file is there before what follows it.
FRONT_FIRST = (nothing, everything, names_only, ordered)
