// ModelAPITests
