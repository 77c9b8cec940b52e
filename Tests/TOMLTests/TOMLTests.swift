// TOMLTests
