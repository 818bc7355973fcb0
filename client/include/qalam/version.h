#pragma once

#include "qalam/export.h"

QALAM_BEGIN_NAMESPACE
// Version of the library in use, "MAJOR.MINOR.PATCH". Thread: any.
QALAM_EXPORT const char* Version() noexcept;

QALAM_END_NAMESPACE
