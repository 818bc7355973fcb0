#pragma once

// Clang's thread-safety analysis (-Wthread-safety, preset `analyze`); nothing elsewhere.
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#if defined(__clang__)
#define QALAM_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define QALAM_THREAD_ATTRIBUTE(x)
#endif

#define QALAM_CAPABILITY(x) QALAM_THREAD_ATTRIBUTE(capability(x))
#define QALAM_SCOPED_CAPABILITY QALAM_THREAD_ATTRIBUTE(scoped_lockable)
#define QALAM_GUARDED_BY(x) QALAM_THREAD_ATTRIBUTE(guarded_by(x))
#define QALAM_REQUIRES(...) QALAM_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define QALAM_ACQUIRE(...) QALAM_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define QALAM_RELEASE(...) QALAM_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define QALAM_EXCLUDES(...) QALAM_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define QALAM_ASSERT_CAPABILITY(x) QALAM_THREAD_ATTRIBUTE(assert_capability(x))
#define QALAM_NO_THREAD_SAFETY_ANALYSIS QALAM_THREAD_ATTRIBUTE(no_thread_safety_analysis)
