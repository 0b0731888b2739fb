# frozen_string_literal: true

# What the threads hold that a fork leaves behind. SPDX-License-Identifier: BSD-2-Clause
require "objspace"

module Hda
  # In a forked child one thread lives. Ruby has forgotten the stacks of all others and counts them among the dead, so that what only
  # they hold (a local variable of the main loop, Thread.current[:log]) would look like garbage. Their references are written down
  # before the fork, as Ruby's own dump of a thread has them, and go with the heap as ROOT lines, which every reader of dumps can read:
  # "threads" holds the threads, "thread stacks" what stands on their stacks (hda-protocol(7)).
  module Stacks
    # Limits, so that the application does not wait for it: 26 threads, 60 blocks deep each, took 3 ms; one of 5000 levels takes 1 to 2.5. No
    # thread is begun after so many seconds, nor beyond so many bytes; what only those left out hold looks like garbage.
    SECONDS = 0.02
    BYTES = 16 << 20
    ADDRESS = /"address":"(0x\h+)"/.freeze
    REFERENCES = /"references":(\[[^\]]*\])/.freeze

    module_function

    # One text a living thread but the calling one, whose stack the child has; and how many threads were left out. No collection may
    # come before the child has written them, since it could move what they name. Objects made: one a thread.
    def read
      mine = Thread.current
      till = Process.clock_gettime(Process::CLOCK_MONOTONIC) + SECONDS
      left = BYTES
      texts = []
      threads = Thread.list
      threads.each do |t|
        next if mine.equal?(t) # of the application's threads, which may be of a class of its own, no method is called
        break if left <= 0 || Process.clock_gettime(Process::CLOCK_MONOTONIC) > till
        texts << (text = ObjectSpace.dump(t))
        left -= text.bytesize
      end
      [texts, threads.size - 1 - texts.size]
    rescue StandardError, NotImplementedError
      [texts || [], threads ? threads.size - 1 - texts.size : 0] # a dump without is better than none
    end

    # Writes the lines; lets go of the texts, which would stand in the dump.
    def write(io, texts)
      texts.each do |text|
        line(io, "threads", "[\"#{text[ADDRESS, 1]}\"]")
        line(io, "thread stacks", text[REFERENCES, 1])
      end
      forget(texts)
    end

    def line(io, root, references)
      io.write(%({"type":"ROOT", "root":"), root, %(", "references":), references, "}\n") if references
    end

    def forget(texts)
      texts.each(&:clear)
    end
  end
end
