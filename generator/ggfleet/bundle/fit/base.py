"""What a device's system brings: machines, C++ libraries, shared libraries. Data, a reason each."""

from __future__ import annotations

from dataclasses import dataclass

MACHINES = {
    "x86_64": ("EM_X86_64", 64),
    "aarch64": ("EM_AARCH64", 64),
    "armv7l": ("EM_ARM", 32),
}
"""What `uname -m` says, to the machine and class of ELF files that it runs."""

ACCELERATORS = {
    "EM_CUDA": "code for NVIDIA's GPUs, loaded by CUDA",
    "EM_AMDGPU": "code for AMD's GPUs, loaded by ROCm",
    "EM_BPF": "loaded by the kernel's BPF verifier",
    "EM_QDSP6": "code for Qualcomm's Hexagon, loaded by its driver",
}
"""Machines that no dynamic linker of the host looks at, so any platform may carry them."""


@dataclass(frozen=True)
class CppLibrary:
    """The newest symbol versions of the libstdc++.so.6 that a release brings."""

    glibcxx: tuple[int, ...]
    cxxabi: tuple[int, ...]
    release: str


CPP_LIBRARIES = {
    (2, 17): CppLibrary((3, 4, 19), (1, 3, 7), "CentOS 7"),
    (2, 24): CppLibrary((3, 4, 22), (1, 3, 10), "Debian 9"),
    (2, 27): CppLibrary((3, 4, 25), (1, 3, 11), "Ubuntu 18.04, JetPack 4"),
    (2, 28): CppLibrary((3, 4, 25), (1, 3, 11), "Debian 10"),
    (2, 31): CppLibrary((3, 4, 28), (1, 3, 12), "Debian 11, Ubuntu 20.04, JetPack 5"),
    (2, 35): CppLibrary((3, 4, 30), (1, 3, 13), "Ubuntu 22.04, JetPack 6"),
    (2, 36): CppLibrary((3, 4, 30), (1, 3, 13), "Debian 12"),
    (2, 39): CppLibrary((3, 4, 33), (1, 3, 15), "Ubuntu 24.04, JetPack 7"),
    (2, 41): CppLibrary((3, 4, 33), (1, 3, 15), "Debian 13"),
}
"""By glibc, as releases ship the two together. Debian 12's and 13's were read from their files; the
others follow from the GCC whose libstdc++ a release ships (4.8, 6, 8, 8, 10, 12 and 14) and GCC's
manual, "ABI Policy and Guidelines"."""

PRESENT = {
    "libc.so.6": "glibc",
    "libm.so.6": "glibc",
    "libdl.so.2": "glibc",
    "libpthread.so.0": "glibc",
    "librt.so.1": "glibc",
    "libutil.so.1": "glibc",
    "libresolv.so.2": "glibc",
    "libanl.so.1": "glibc",
    "libnsl.so.1": "glibc",
    "ld-linux-x86-64.so.2": "glibc",
    "ld-linux-aarch64.so.1": "glibc",
    "ld-linux-armhf.so.3": "glibc",
    "libgcc_s.so.1": "glibc depends on libgcc-s1",
    "libstdc++.so.6": "apt depends on libstdc++6",
    "libz.so.1": "dpkg depends on zlib1g",
    "libbz2.so.1.0": "dpkg depends on libbz2-1.0",
    "liblzma.so.5": "dpkg depends on liblzma5",
    "libcrypt.so.1": "perl-base, which is essential, depends on libcrypt1",
    "libexpat.so.1": "python3 depends on libexpat1",
}
"""In every Debian, Ubuntu and their children with Python, with the reason."""

PACKAGED = {
    "libatomic.so.1": "libatomic1",
    "libasound.so.2": "libasound2",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libgfortran.so.5": "libgfortran5",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libICE.so.6": "libice6",
    "libopenblas.so.0": "libopenblas0",
    "libportaudio.so.2": "libportaudio2",
    "libSM.so.6": "libsm6",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "libusb-1.0.so.0": "libusb-1.0-0",
    "libuuid.so.1": "libuuid1",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
}
"""Not in every system, but a package of Debian's (its name in Debian 12) brings it. manylinux tags
promise some of these (PEP 513); images without a desktop lack them."""

JETPACK = (
    "libcuda.so", "libcudart.so", "libcublas", "libcudnn", "libcufft", "libcurand", "libcusolver",
    "libcusparse", "libnvinfer", "libnvonnxparser", "libnvToolsExt.so", "libnvrtc", "libnvJitLink",
    "libcupti",
)  # fmt: skip
"""How the names of CUDA's, cuDNN's and TensorRT's libraries begin: JetPack brings them."""

GPU_JETSON = "jetson"
"""`gpu` of a platform with JetPack."""


def cpp_library(glibc: tuple[int, int]) -> CppLibrary:
    """The libstdc++ of the newest known release whose glibc is not newer."""
    known = [version for version in CPP_LIBRARIES if version <= glibc]
    return CPP_LIBRARIES[max(known)]
