// AppServerProtocolTests
