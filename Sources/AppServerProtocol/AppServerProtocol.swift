// AppServerProtocol
