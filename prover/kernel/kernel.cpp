#include <cstdint>
extern "C" __attribute__((visibility("default"))) uint32_t fh_features(void) { return 0; }
