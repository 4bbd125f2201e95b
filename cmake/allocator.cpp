// Settings of jemalloc, which a program finds by this name (jemalloc(3), "TUNING").

/// Memory in huge pages where the kernel gives them to who asks: a page that is touched first costs some 10 us on a virtual machine, and a
/// compilation touches tens of thousands of 4 KiB.
extern "C" const char* malloc_conf;
const char* malloc_conf = "thp:always,metadata_thp:always";
