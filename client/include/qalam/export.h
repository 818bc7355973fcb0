#pragma once

// QALAM_EXPORT marks what libqalam-client.so shows; everything else in it is hidden.
#if defined(__GNUC__)
#define QALAM_EXPORT __attribute__((visibility("default")))
#else
#define QALAM_EXPORT
#endif

// Every public name lives in an inline namespace whose name is the ABI's. A source file that also
// sees the library's own headers (common/) defines QALAM_ABI_NOT_INLINE and writes abi0:: where it
// means the public name; mangled names are the same either way.
#if defined(QALAM_ABI_NOT_INLINE)
#define QALAM_BEGIN_NAMESPACE \
  namespace qalam {           \
  namespace abi0 {
#else
#define QALAM_BEGIN_NAMESPACE \
  namespace qalam {           \
  inline namespace abi0 {
#endif
#define QALAM_END_NAMESPACE \
  }                         \
  }
