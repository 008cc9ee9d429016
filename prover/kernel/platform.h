// What the kernel assumes of the machine that it is compiled for; all other files rely on it without saying so.
//
//   byte order   little endian: a limb, a word of Keccak's state and a word of numpy's uint64 are the same eight bytes. Numbers
//                that leave the kernel leave as big-endian bytes (field.h), digests as bytes.
//   alignment    callers' arrays are aligned to eight bytes, byte strings to nothing: vector files load and store unaligned, but
//                for the streaming stores into blocks of the kernel's own (memory.h), which begin on pages.
//   integers     unsigned __int128, as gcc and clang have on every 64-bit processor.
//   vectors      AVX-512 IFMA where FREEHOLD_VECTORS is defined: the build defines it for x86-64 and compilers that know it,
//                and adds the ifma_*.cpp files, else ifma_absent.cpp. The processor is asked at run time (backend.h).
//   system       mmap with reserved, untouched pages: Linux, macOS. Huge pages are asked for where there is a way to.
#pragma once

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the kernel stores limbs in little-endian order and is compiled for such processors only"
#endif
#if !defined(__SIZEOF_INT128__)
#error "the kernel needs unsigned __int128: a 64-bit processor, and gcc or clang"
#endif
#if defined(FREEHOLD_VECTORS) && !defined(__x86_64__)
#error "FREEHOLD_VECTORS is for x86-64 only"
#endif

// Compilers take assembly and long straight code for too much to be inlined where it pays most.
#define INLINE inline __attribute__((always_inline))
