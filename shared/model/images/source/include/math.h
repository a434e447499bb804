#pragma once
#define floor __builtin_floor
