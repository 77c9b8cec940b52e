// AppServerTests
