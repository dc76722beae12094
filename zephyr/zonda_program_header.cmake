# A script of zonda_add_program(): writes <HEADER> for the program <NAME>, whose bytes are in <FILE>. The length is known when the
# application is built only.
file(SIZE ${FILE} size)
string(TOUPPER ${NAME} upper)
configure_file(${CMAKE_CURRENT_LIST_DIR}/zonda_program.h.in ${HEADER} @ONLY)
# configure_file() leaves a file that does not change as old as it is; ninja would find it out of date again.
file(TOUCH ${HEADER})
