"""What Debian itself has of the packages that boards most often lack a wheel for.

Versions are those of Debian 12, which Raspberry Pi OS 12 takes over; they differ in other releases.
Source: `apt-cache policy` on Debian 12.14, 2026-11-23.
"""

from __future__ import annotations

DEBIAN_12 = {
    "cryptography": ("python3-cryptography", "38.0.4"),
    "flatbuffers": ("python3-flatbuffers", "2.0.8"),
    "grpcio": ("python3-grpcio", "1.51.1"),
    "h5py": ("python3-h5py", "3.7.0"),
    "llvmlite": ("python3-llvmlite", "0.39.1"),
    "lxml": ("python3-lxml", "4.9.2"),
    "matplotlib": ("python3-matplotlib", "3.6.3"),
    "numba": ("python3-numba", "0.56.4"),
    "numpy": ("python3-numpy", "1.24.2"),
    "opencv-python": ("python3-opencv", "4.6.0"),
    "opencv-python-headless": ("python3-opencv", "4.6.0"),
    "pandas": ("python3-pandas", "1.5.3"),
    "pillow": ("python3-pil", "9.4.0"),
    "protobuf": ("python3-protobuf", "3.21.12"),
    "psutil": ("python3-psutil", "5.9.4"),
    "pyyaml": ("python3-yaml", "6.0"),
    "pyzmq": ("python3-zmq", "24.0.1"),
    "scikit-image": ("python3-skimage", "0.19.3"),
    "scikit-learn": ("python3-sklearn", "1.2.1"),
    "scipy": ("python3-scipy", "1.10.1"),
    "tables": ("python3-tables", "3.7.0"),
    "torch": ("python3-torch", "1.13.1"),
}
"""Python package to Debian's package and its version, as the index would call it."""


def debian_has(package: str, platform: str) -> str:
    """The way out where Debian has the package; empty where it has not."""
    if package not in DEBIAN_12:
        return ""
    debian, version = DEBIAN_12[package]
    return (
        f"; or take Debian's: `apt install {debian}` on the device, and "
        f'`provides: {{{package}: "{version}"}}` in platforms.{platform} (Debian 12 has {version})'
    )
