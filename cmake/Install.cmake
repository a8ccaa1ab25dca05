install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/oasis DESTINATION include)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/models/ DESTINATION share/oasis/models)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_SOURCE_DIR}/README.md DESTINATION share/doc/oasis)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/configs/ DESTINATION share/oasis/configs)
