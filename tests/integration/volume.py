"""File systems of our own on loop devices, for tests that fill a disk, cut its power or break it. Needs root.

Without root, loop devices or the tools, open_volume ends the program with 77: skipped.
"""
import contextlib
import fcntl
import os
import pathlib
import struct
import subprocess
import sys
import time

SKIPPED = 77
# ext4 and XFS share the number: _IOR('X', 125, u32). 2: no flush of the journal, what is not on the disk is lost.
SHUTDOWN = 0x8004587D
WITHOUT_FLUSH = 2
MKFS = {"ext4": ["mkfs.ext4", "-q", "-m", "0", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}
UNMOUNT_SECONDS_MAX = 20


def command(*arguments, needed=True):
    """Runs a tool; 77 where it can't be run at all."""
    try:
        done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=False)
    except FileNotFoundError:
        skip(f"no {arguments[0]} here; scripts/setup test installs it")
    if needed and done.returncode != 0:
        skip(f"{arguments[0]}: {done.stderr.strip()}")
    return done


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


class Volume:
    """A mounted file system. `source`: an image file (mounted by a loop device) or a block device."""

    def __init__(self, source, mount_point):
        self.source = pathlib.Path(source)
        self.path = pathlib.Path(mount_point)
        self.path.mkdir(exist_ok=True)

    def mount(self):
        loop = [] if self.source.is_block_device() else ["-o", "loop"]
        done = command("mount", *loop, self.source, self.path, needed=False)
        if done.returncode != 0:
            raise AssertionError(f"mount of {self.source}: {done.stderr.strip()}")

    def unmount(self):
        until = time.monotonic() + UNMOUNT_SECONDS_MAX
        while True:
            done = command("umount", self.path, needed=False)
            if done.returncode == 0:
                return
            if time.monotonic() > until:
                raise AssertionError(f"umount of {self.path}: {done.stderr.strip()}")
            time.sleep(0.05)

    def cut_power(self):
        """From now on nothing reaches the image any more; what had not is lost. Ends with an unmount and a mount."""
        handle = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        finally:
            os.close(handle)


@contextlib.contextmanager
def open_volume(directory, name, kind="ext4", mib=96, options=()):
    """A new file system of `mib` MiB in an image DIRECTORY/NAME.img, mounted at DIRECTORY/NAME."""
    image = pathlib.Path(directory) / f"{name}.img"
    with open(image, "wb") as file:
        file.truncate(mib << 20)
    command(*MKFS[kind], *options, image)
    volume = Volume(image, pathlib.Path(directory) / name)
    command("mount", "-o", "loop", image, volume.path)
    try:
        yield volume
    finally:
        command("umount", volume.path, needed=False)
        image.unlink()
