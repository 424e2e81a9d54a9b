// consumer.cc - the same in C++11, with options
#include <cloudwriter/cloudwriter.h>
#include <iostream>
#include <string>

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " URL\n";
        return 2;
    }
    cw_error err;
    cw_writer *w = nullptr;
    cw_writer_options options = CW_WRITER_OPTIONS_INIT;
    options.content_type = "text/plain";
    const std::string text = std::string("hello from a consumer, version ") + cw_version() + "\n";
    if (cw_writer_open(&w, nullptr, argv[1], &options, &err) != CW_OK) {
        std::cerr << err.message << "\n";
        return 1;
    }
    cw_writer_write(w, text.data(), text.size());
    if (cw_writer_close(w, nullptr, &err) != CW_OK) {
        std::cerr << err.message << "\n";
        return 1;
    }
    return 0;
}
