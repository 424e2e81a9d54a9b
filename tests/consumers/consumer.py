"""consumer.py - the shared library from another language: consumer.py LIBRARY URL"""
import ctypes
import sys


class Error(ctypes.Structure):
    """cw_error of status.h"""
    _fields_ = [("status", ctypes.c_int), ("os_errno", ctypes.c_int), ("http_status", ctypes.c_int),
                ("attempts", ctypes.c_int), ("service_code", ctypes.c_char * 64),
                ("request_id", ctypes.c_char * 96), ("upload_id", ctypes.c_char * 512),
                ("commit_token", ctypes.c_char * 40), ("message", ctypes.c_char * 512)]


cw = ctypes.CDLL(sys.argv[1])
cw.cw_version.restype = ctypes.c_char_p
cw.cw_writer_write.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
cw.cw_writer_close.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(Error)]

err, writer = Error(), ctypes.c_void_p()
text = b"hello from a consumer, version " + cw.cw_version() + b"\n"
if cw.cw_writer_open(ctypes.byref(writer), None, sys.argv[2].encode(), None, ctypes.byref(err)):
    sys.exit(err.message.decode())
cw.cw_writer_write(writer, text, len(text))
if cw.cw_writer_close(writer, None, ctypes.byref(err)):
    sys.exit(err.message.decode())
